-- Rules of suppression by design. People write them by functions that leave a trace; only approved ones act.
-- Kind "alarm_rules" tells that a rule was written, "alarm_modes" that one stands differently.

create table alarm_rules (
  rule_id     integer generated always as identity primary key,
  title       jsonb not null check (jsonb_typeof(title) = 'object'), -- {"en": ..., "ko": ...}
  condition   text not null check (length(condition) between 1 and 2000), -- a formula; other than 0 suppresses
  areas       text[] not null default '{}',              -- alarms of these areas and below,
  tags        text[] not null default '{}',              -- of these tags,
  groups      text[] not null default '{}',              -- of these groups,
  alarm_ids   integer[] not null default '{}',           -- and these
  hold_off_s  double precision not null default 60 check (hold_off_s between 0 and 86400),
  owner       text not null default '' check (length(owner) <= 200),
  enabled     boolean not null default true,
  version     integer not null default 1,                -- of what an approval is about
  approved_by text,
  approved_at timestamptz,
  changed_by  text not null default session_user,
  updated_at  timestamptz not null default clock_timestamp(),
  check (cardinality(areas) + cardinality(tags) + cardinality(groups) + cardinality(alarm_ids) between 1 and 1000),
  check ((approved_by is null) = (approved_at is null))
);

-- How the service sees each acting rule; since: the instant from which on its inputs are accounted for.
create table alarm_rule_states (
  rule_id integer primary key references alarm_rules on delete cascade,
  version integer not null,
  status  text not null check (status in ('off', 'on', 'holding', 'lost', 'broken')),
  since   timestamptz,
  detail  text not null default ''                       -- values of the inputs, or which one is of no use
);

create index alarm_events_returned on alarm_events (detected_ts)
  where kind in ('SHLVEND', 'UNSUPR') and isa_to in ('UNACK', 'LUNACK');

-- What of a rule is audited.
create function alarm_rule_trace(p_rule alarm_rules) returns jsonb language sql stable set search_path = pg_catalog, public as $$
  select to_jsonb(p_rule) - '{changed_by,updated_at}'::text[]
$$;

-- A new rule (p_id null), or another version of one that is still at p_version. An approval is withdrawn by a change.
create function alarm_rule_save(p_id integer, p_version integer, p_rule jsonb, p_station text default '') returns integer
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
           version = was.version + 1, approved_by = null, approved_at = null, changed_by = session_user,
           updated_at = clock_timestamp()
     where rule_id = p_id returning * into made;
  end if;
  insert into audit_log (station, action, object, before, after)
  values (p_station, case when p_id is null then 'rule.create' else 'rule.change' end, 'R' || made.rule_id,
          case when p_id is not null then alarm_rule_trace(was) end, alarm_rule_trace(made));
  perform ksys_notify('alarm_rules');
  return made.rule_id;
end $$;

-- Approve the version that was displayed; false when it is approved already.
create function alarm_rule_approve(p_id integer, p_version integer, p_station text default '') returns boolean
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  was alarm_rules;
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
  update alarm_rules set approved_by = session_user, approved_at = clock_timestamp() where rule_id = p_id;
  insert into audit_log (station, action, object, after)
  values (p_station, 'rule.approve', 'R' || p_id, jsonb_build_object('version', p_version));
  perform ksys_notify('alarm_rules');
  return true;
end $$;

-- Put a rule to work or to rest, which keeps its approval; false when it is so already.
create function alarm_rule_enable(p_id integer, p_enabled boolean, p_reason text, p_station text default '') returns boolean
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  was alarm_rules;
begin
  perform alarm_modes_texts(p_reason, p_station);
  select * into was from alarm_rules where rule_id = p_id for update;
  if not found then
    perform ksys_refuse('rules.unknown', jsonb_build_object('rule', p_id));
  end if;
  if was.enabled = p_enabled then
    return false;
  end if;
  update alarm_rules set enabled = p_enabled, changed_by = session_user, updated_at = clock_timestamp() where rule_id = p_id;
  insert into audit_log (station, action, object, reason)
  values (p_station, case when p_enabled then 'rule.enable' else 'rule.disable' end, 'R' || p_id, p_reason);
  perform ksys_notify('alarm_rules');
  return true;
end $$;

grant select on alarm_rules, alarm_rule_states to ksys_viewer;
grant insert, update, delete on alarm_rule_states to ksys_service;
revoke execute on function alarm_rule_trace, alarm_rule_save, alarm_rule_approve, alarm_rule_enable from public;
grant execute on function alarm_rule_save, alarm_rule_approve, alarm_rule_enable to ksys_engineer;
grant execute on function alarm_rule_save, alarm_rule_approve to ksys_service; -- setting up the simulated plant
