-- A rule is approved by another person than the one who wrote it. A site of one person may permit its own approval, which the
-- audit log then says of each.

alter table alarm_rules add column written_by text; -- of this version
update alarm_rules r set written_by = coalesce(
  (select actor from audit_log where object = 'R' || r.rule_id and action in ('rule.create', 'rule.change') order by audit_id desc limit 1),
  changed_by);
alter table alarm_rules alter column written_by set default session_user, alter column written_by set not null;

create or replace function alarm_rule_trace(p_rule alarm_rules) returns jsonb language sql stable set search_path = pg_catalog, public as $$
  select to_jsonb(p_rule) - '{changed_by,updated_at,written_by}'::text[]
$$;

create or replace function alarm_rule_save(p_id integer, p_version integer, p_rule jsonb, p_station text default '') returns integer
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  given alarm_rules := jsonb_populate_record(null::alarm_rules, p_rule);
  was alarm_rules;
  made alarm_rules;
begin
  perform alarm_modes_texts('-', p_station);
  if length(p_rule::text) > 60000 then
    perform ksys_refuse('alarm.text_too_long', jsonb_build_object('length', length(p_rule::text), 'most', 60000));
  end if;
  if p_id is null then
    insert into alarm_rules (title, condition, areas, tags, groups, alarm_ids, hold_off_s, owner)
    values (given.title, given.condition, coalesce(given.areas, '{}'), coalesce(given.tags, '{}'), coalesce(given.groups, '{}'),
            coalesce(given.alarm_ids, '{}'), given.hold_off_s, coalesce(given.owner, '')) returning * into made;
  else
    select * into was from alarm_rules where rule_id = p_id for update;
    if not found then
      perform ksys_refuse('rules.unknown', jsonb_build_object('rule', p_id));
    end if;
    if was.version <> p_version then
      perform ksys_refuse('rules.changed', jsonb_build_object('rule', p_id, 'by', was.changed_by));
    end if;
    update alarm_rules set title = given.title, condition = given.condition, areas = coalesce(given.areas, '{}'),
           tags = coalesce(given.tags, '{}'), groups = coalesce(given.groups, '{}'),
           alarm_ids = coalesce(given.alarm_ids, '{}'), hold_off_s = given.hold_off_s, owner = coalesce(given.owner, ''),
           version = was.version + 1, approved_by = null, approved_at = null, changed_by = session_user, written_by = session_user,
           updated_at = clock_timestamp()
     where rule_id = p_id returning * into made;
  end if;
  insert into audit_log (station, action, object, before, after)
  values (p_station, case when p_id is null then 'rule.create' else 'rule.change' end, 'R' || made.rule_id,
          case when p_id is not null then alarm_rule_trace(was) end, alarm_rule_trace(made));
  perform ksys_notify('alarm_rules');
  return made.rule_id;
end $$;

create function alarm_rule_own_approval() returns boolean language sql stable set search_path = pg_catalog, public as $$
  select coalesce((select value = 'true' from settings_values where key = 'alarms.own_approval'), false)
$$;

create or replace function alarm_rule_approve(p_id integer, p_version integer, p_station text default '') returns boolean
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  was alarm_rules;
  own boolean;
begin
  perform alarm_modes_texts('-', p_station);
  select * into was from alarm_rules where rule_id = p_id for update;
  if not found then
    perform ksys_refuse('rules.unknown', jsonb_build_object('rule', p_id));
  end if;
  if was.version <> p_version then
    perform ksys_refuse('rules.changed', jsonb_build_object('rule', p_id, 'by', was.changed_by));
  end if;
  if was.approved_by is not null then
    return false;
  end if;
  own := was.written_by = session_user;
  if own and not alarm_rule_own_approval() then
    perform ksys_refuse('rules.own', jsonb_build_object('rule', p_id));
  end if;
  update alarm_rules set approved_by = session_user, approved_at = clock_timestamp() where rule_id = p_id;
  insert into audit_log (station, action, object, after)
  values (p_station, 'rule.approve', 'R' || p_id, jsonb_build_object('version', p_version, 'own', own));
  perform ksys_notify('alarm_rules');
  return true;
end $$;

-- Permit that people approve their own rules, or refuse it again; false when it is so already. For the owner of the database; and
-- for the service, which sets up the simulated plant of one person.
create function alarm_rule_permit_own_approval(p_permitted boolean, p_reason text, p_station text default '') returns boolean
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  was boolean := alarm_rule_own_approval();
begin
  perform alarm_modes_texts(p_reason, p_station);
  if was = p_permitted then
    return false;
  end if;
  insert into settings_values (key, value, changed_by) values ('alarms.own_approval', to_jsonb(p_permitted), session_user)
  on conflict (key) do update set value = excluded.value, changed_by = session_user, changed_at = clock_timestamp();
  insert into audit_log (station, action, object, before, after, reason)
  values (p_station, 'rule.own_approval', 'alarms.own_approval', to_jsonb(was), to_jsonb(p_permitted), p_reason);
  return true;
end $$;

revoke execute on function alarm_rule_own_approval, alarm_rule_permit_own_approval from public;
grant execute on function alarm_rule_permit_own_approval to ksys_service;
