-- The master alarm table: the rest of the rationalisation record, the priority derived from it, changes by a function
-- that refuses what another has changed meanwhile, and the history of every change.

alter table alarm_definitions
  add column severity           text check (severity in ('minor', 'major', 'severe')), -- of the consequence
  add column escalation         jsonb not null default '{}', -- texts by language: whom to call when it is not answered
  add column suppression        text not null default '' check (length(suppression) <= 2000), -- when it means nothing
  add column test_interval_days integer check (test_interval_days between 1 and 3660),
  add column version            integer not null default 1;
alter table alarm_definitions
  add constraint alarm_definitions_texts check (length(owner) <= 2000 and length(basis) <= 2000 and length(moc_id) <= 64) not valid;

-- Priority by severity and maximum time to respond; the site's own under this key, null where nobody need answer.
-- `ksys_core.domain.alarms.matrix` is the same.
create function alarm_matrix() returns jsonb language sql stable set search_path = pg_catalog, public as $$
  select coalesce((select value from settings_values where key = 'alarms.matrix'),
    '{"bounds_s": [1800, 600, 180], "minor": [null, 3, 3, 2], "major": [3, 3, 2, 1], "severe": [2, 2, 1, 1]}')
$$;

create function alarm_derived_priority(severity text, response_s double precision) returns smallint
language sql stable set search_path = pg_catalog, public as $$
  select (m -> severity ->> (case when response_s > (m #>> '{bounds_s,0}')::float8 then 0
                                  when response_s >= (m #>> '{bounds_s,1}')::float8 then 1
                                  when response_s >= (m #>> '{bounds_s,2}')::float8 then 2
                                  else 3 end))::smallint
    from alarm_matrix() m where severity is not null and response_s is not null
$$;

-- Before a definition is stored: its priority follows from severity and time to respond where both are known.
create function alarm_definition_derive() returns trigger
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  new.priority := coalesce(alarm_derived_priority(new.severity, new.response_s), new.priority);
  if tg_op = 'UPDATE' then
    if to_jsonb(new) - '{changed_by,updated_at,version}'::text[]
       is distinct from to_jsonb(old) - '{changed_by,updated_at,version}'::text[] then
      new.version := old.version + 1;
      new.changed_by := session_user;
      new.updated_at := clock_timestamp();
    else
      new.version := old.version;
    end if;
  end if;
  return new;
end $$;
create trigger alarm_definition_derive before insert or update on alarm_definitions
  for each row execute function alarm_definition_derive();

-- What a change says of itself beyond the values, for the rest of the transaction.
create function alarm_change_note(name text) returns text language sql stable as $$
  select coalesce(current_setting('ksys.change_' || name, true), '')
$$;

create function alarm_change_notes(station text, reason text, moc text) returns void language plpgsql as $$
begin
  perform set_config('ksys.change_station', station, true), set_config('ksys.change_reason', reason, true),
          set_config('ksys.change_moc', moc, true);
end $$;

create function alarm_changed_values(now_is jsonb, was jsonb) returns jsonb language sql immutable as $$
  select coalesce(jsonb_object_agg(key, value), '{}') from jsonb_each(now_is) where value is distinct from was -> key
$$;

create or replace function alarm_definition_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  aside constant text[] := '{changed_by,updated_at,version}';
  was jsonb := case when tg_op = 'UPDATE' then to_jsonb(old) - aside else '{}' end;
  now_is jsonb := to_jsonb(new) - aside;
begin
  if tg_op = 'INSERT' then
    insert into alarms (alarm_id) values (new.alarm_id);
  elsif was is distinct from now_is then
    perform from alarms where alarm_id = new.alarm_id for update;
    perform alarm_log('ATTR', array[new.alarm_id], array(select isa_state from alarms where alarm_id = new.alarm_id),
      alarm_change_note('station'),
      (select string_agg(n.key || ' ' || coalesce(was ->> n.key, '-') || ' > ' || coalesce(n.value, '-'), '; ' order by n.key)
         from jsonb_each_text(now_is) n where n.value is distinct from was ->> n.key)
      || coalesce(' (' || nullif(alarm_change_note('reason'), '') || ')', ''));
  else
    return null;
  end if;
  insert into audit_log (station, action, object, before, after, reason)
  select alarm_change_note('station'), case tg_op when 'INSERT' then 'alarm.create' else 'alarm.change' end,
         btrim(s.tag || ' ' || new.kind || ' ' || new.label), alarm_changed_values(was, now_is),
         alarm_changed_values(now_is, was) || jsonb_build_object('alarm_id', new.alarm_id, 'moc', alarm_change_note('moc')),
         alarm_change_note('reason')
    from sensors s where s.sensor_id = new.sensor_id;
  perform ksys_notify('limits', array[new.sensor_id]);
  return null;
end $$;
create index audit_log_alarm on audit_log (((after ->> 'alarm_id')::integer), audit_id desc) where action in ('alarm.create', 'alarm.change');
create index audit_log_limits on audit_log (object, audit_id desc) where action = 'limits.change';

-- A limit is an attribute of the alarms that it drives: its change stands in their journal.
create function alarm_limit_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  ids integer[];
  was double precision;
begin
  select array_agg(alarm_id order by alarm_id) into ids from alarm_definitions
   where sensor_id = new.sensor_id and kind = new.kind;
  if ids is null then
    return null;
  end if;
  perform from alarms where alarm_id = any(ids) order by alarm_id for update;
  select l.value into was from sensor_limits l
   where l.sensor_id = new.sensor_id and l.kind = new.kind and l.valid_to = new.valid_from;
  perform alarm_log('ATTR', ids, array(select isa_state from alarms where alarm_id = any(ids) order by alarm_id),
    alarm_change_note('station'),
    'limit ' || coalesce(was::text, '-') || ' > ' || new.value || coalesce(' (' || nullif(new.reason, '') || ')', ''));
  return null;
end $$;
create trigger alarm_limit_changed after insert on sensor_limits for each row execute function alarm_limit_changed();

-- Changes of many alarms as one: all of them or, with the reason why, none.
-- Each of `p_changes` is an object: "alarm_id" and "version" of the record as it was read and columns with their new values;
-- a new one has "sensor_id", "kind", "label" and all columns instead. Texts by language replace those languages only; '' removes
-- one. "limit" with "limit_was" changes the limit in force of HH, H, L and LL. A number of change management that is given for
-- all, or in "moc_id" for one, authorises.
-- Refusals: alarm.changed_meanwhile (who and when), alarm.missing, alarm.exists, limits.order, limits.changed_meanwhile.
create function alarm_master_apply(p_changes jsonb, p_station text, p_reason text, p_moc text default '')
returns integer[] language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  change jsonb; was alarm_definitions; becomes alarm_definitions; ids integer[] := '{}'; known boolean; named text; number integer;
begin
  if length(p_reason) > 2000 or length(p_station) > 200 or length(p_moc) > 64 then
    raise exception 'a text is too long' using errcode = 'string_data_right_truncation';
  end if;
  perform pg_advisory_xact_lock(hashtext('ksys alarm limits'));
  for change in select value from jsonb_array_elements(p_changes) loop
    change := change || case when p_moc = '' then '{}' else jsonb_build_object('moc_id', p_moc) end;
    perform alarm_change_notes(p_station, p_reason, coalesce(change ->> 'moc_id', ''));
    named := concat_ws(' ', change ->> 'tag', change ->> 'kind', nullif(change ->> 'label', ''));
    known := coalesce(jsonb_typeof(change -> 'alarm_id') = 'number', false);
    was := null;
    if known then
      select * into was from alarm_definitions d where d.alarm_id = (change ->> 'alarm_id')::integer for update;
      if not found then
        perform ksys_refuse('alarm.missing', jsonb_build_object('alarm', named));
      elsif was.version <> (change ->> 'version')::integer then
        perform ksys_refuse('alarm.changed_meanwhile', jsonb_build_object('alarm', named, 'by', was.changed_by, 'at', to_char(was.updated_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC'));
      end if;
    end if;
    becomes := jsonb_populate_record(was, alarm_with_texts(change, to_jsonb(was)) - '{alarm_id,version,priority}'::text[]);
    if known then
      update alarm_definitions set
         (setting, reference_sensor_id, dead_band, dead_band_unit, on_delay_s, off_delay_s, count, class, latching, realarm_s, group_name,
          shelvable, max_shelve_s, cause, consequence, action, confirmation, response_s, owner, basis, moc_id, review_date, rationalised,
          enabled, severity, escalation, suppression, test_interval_days)
      = (becomes.setting, becomes.reference_sensor_id, becomes.dead_band, becomes.dead_band_unit, becomes.on_delay_s,
          becomes.off_delay_s, becomes.count, becomes.class, becomes.latching, becomes.realarm_s, becomes.group_name,
          becomes.shelvable, becomes.max_shelve_s, becomes.cause, becomes.consequence, becomes.action, becomes.confirmation,
          becomes.response_s, becomes.owner, becomes.basis, becomes.moc_id, becomes.review_date, becomes.rationalised, becomes.enabled,
          becomes.severity, becomes.escalation, becomes.suppression, becomes.test_interval_days)
       where alarm_id = was.alarm_id returning alarm_id into number;
    else
      insert into alarm_definitions
         (sensor_id, kind, label,
          setting, reference_sensor_id, dead_band, dead_band_unit, on_delay_s, off_delay_s, count, class, latching, realarm_s, group_name,
          shelvable, max_shelve_s, cause, consequence, action, confirmation, response_s, owner, basis, moc_id, review_date, rationalised,
          enabled, severity, escalation, suppression, test_interval_days)
      values (becomes.sensor_id, becomes.kind, coalesce(becomes.label, ''),
          becomes.setting, becomes.reference_sensor_id, becomes.dead_band, becomes.dead_band_unit, becomes.on_delay_s,
          becomes.off_delay_s, becomes.count, becomes.class, becomes.latching, becomes.realarm_s, becomes.group_name,
          becomes.shelvable, becomes.max_shelve_s, becomes.cause, becomes.consequence, becomes.action, becomes.confirmation,
          becomes.response_s, becomes.owner, becomes.basis, becomes.moc_id, becomes.review_date, becomes.rationalised, becomes.enabled,
          becomes.severity, becomes.escalation, becomes.suppression, becomes.test_interval_days)
      on conflict do nothing returning alarm_id into number;
      if not found then
        perform ksys_refuse('alarm.exists', jsonb_build_object('alarm', named));
      end if;
    end if;
    ids := ids || number;
  end loop;
  perform alarm_master_limits(p_changes, p_station, p_reason, p_moc);
  return ids;
end $$;

-- A change whose texts by language are whole again: those of `was` with the given languages replaced.
create function alarm_with_texts(change jsonb, was jsonb) returns jsonb language sql immutable as $$
  select change || coalesce((
    select jsonb_object_agg(part, (select coalesce(jsonb_object_agg(key, value), '{}')
             from jsonb_each(coalesce(was -> part, '{}') || coalesce(change -> part, '{}')) where value <> '""'))
      from unnest('{cause,consequence,action,confirmation,escalation}'::text[]) part), '{}')
$$;

-- The limits of `alarm_master_apply`, all those of a tag at once, so that LL < L < H < HH is judged of the result.
create function alarm_master_limits(p_changes jsonb, p_station text, p_reason text, p_moc text) returns void
language plpgsql set search_path = pg_catalog, public as $$
declare
  tag record; stale record;
begin
  for tag in
    select (c ->> 'sensor_id')::integer as sensor_id, array_agg(c ->> 'kind') as kinds,
           array_agg((c ->> 'limit')::float8) as settings, array_agg((c ->> 'limit_was')::float8) as were,
           coalesce(nullif(p_moc, ''), max(nullif(c ->> 'moc_id', ''))) as moc
      from jsonb_array_elements(p_changes) c where c ? 'limit' group by 1 order by 1
  loop
    select g.kind, s.tag, l.changed_by, l.valid_from into stale
      from unnest(tag.kinds, tag.were) g(kind, was) join sensors s on s.sensor_id = tag.sensor_id
      left join sensor_limits l on l.sensor_id = tag.sensor_id and l.kind = g.kind and l.valid_to is null
     where l.value is distinct from g.was limit 1;
    if found then
      perform ksys_refuse('limits.changed_meanwhile', jsonb_build_object('tag', stale.tag, 'kind', stale.kind,
        'by', coalesce(stale.changed_by, '?')));
    end if;
    perform ksys_set_limits(tag.sensor_id, tag.kinds, tag.settings, p_reason, tag.moc, p_station);
  end loop;
end $$;

-- Every change of one alarm, newest first: its own and that of its limit in force.
create function alarm_history(p_alarm_id integer, p_most integer default 200)
returns table (audit_id bigint, ts timestamptz, actor text, station text, reason text, moc text, before jsonb, after jsonb)
language sql stable security definer set search_path = pg_catalog, public as $$
  select * from (
    select a.audit_id, a.ts, a.actor, a.station, a.reason, coalesce(a.after ->> 'moc', ''), a.before,
           a.after - '{alarm_id,moc}'::text[]
      from audit_log a where a.action in ('alarm.create', 'alarm.change') and (a.after ->> 'alarm_id')::integer = p_alarm_id
    union all
    select a.audit_id, a.ts, a.actor, a.station, a.reason,
           coalesce((select l.moc_id from sensor_limits l where l.sensor_id = d.sensor_id and l.kind = d.kind
                      and l.valid_from <= a.ts order by l.valid_from desc limit 1), ''),
           jsonb_build_object('limit', a.before -> d.kind), jsonb_build_object('limit', a.after -> d.kind)
      from alarm_definitions d join sensors s using (sensor_id)
      join audit_log a on a.object = s.tag and a.action = 'limits.change'
     where d.alarm_id = p_alarm_id and a.before -> d.kind is distinct from a.after -> d.kind) h
   order by audit_id desc limit p_most
$$;

-- Changes of definitions and limits without a number of change management, which EEMUA 191 wants to be none.
create function alarm_unauthorised_changes(p_start timestamptz, p_stop timestamptz) returns bigint
language sql stable security definer set search_path = pg_catalog, public as $$
  select (select count(*) from audit_log where action = 'alarm.change' and ts >= p_start and ts < p_stop and after ->> 'moc' = '')
       + (select count(*) from sensor_limits l where l.valid_from >= p_start and l.valid_from < p_stop and l.moc_id is null
             and exists (select from sensor_limits before where before.sensor_id = l.sensor_id and before.kind = l.kind
                            and before.valid_to = l.valid_from))
$$;

-- Another matrix: every derived priority follows. `p_matrix` is checked by `ksys_core.domain.alarms.matrix`, too.
create function alarm_set_matrix(p_matrix jsonb, p_station text, p_reason text, p_moc text default '') returns integer
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  was jsonb := alarm_matrix();
  changed integer;
begin
  if p_matrix = was then
    return 0;
  end if;
  if not coalesce(jsonb_array_length(p_matrix -> 'bounds_s') = 3 and jsonb_array_length(p_matrix -> 'minor') = 4
                  and jsonb_array_length(p_matrix -> 'major') = 4 and jsonb_array_length(p_matrix -> 'severe') = 4, false) then
    raise exception 'no priority matrix' using errcode = 'invalid_parameter_value';
  end if;
  perform alarm_change_notes(p_station, p_reason, p_moc);
  insert into settings_values (key, value) values ('alarms.matrix', p_matrix)
  on conflict (key) do update set value = excluded.value, changed_by = session_user, changed_at = clock_timestamp();
  insert into audit_log (station, action, object, before, after, reason)
  values (p_station, 'alarm_matrix.change', 'alarms.matrix', was, p_matrix || jsonb_build_object('moc', p_moc), p_reason);
  update alarm_definitions set priority = alarm_derived_priority(severity, response_s)
   where alarm_derived_priority(severity, response_s) <> priority;
  get diagnostics changed = row_count;
  perform ksys_notify('limits');
  return changed;
end $$;

revoke insert, update on alarm_definitions from ksys_engineer; -- by the functions, which leave a trace
revoke execute on function alarm_matrix, alarm_derived_priority, alarm_definition_derive, alarm_change_note, alarm_change_notes, alarm_changed_values,
  alarm_with_texts,
  alarm_limit_changed, alarm_master_apply, alarm_master_limits, alarm_history, alarm_unauthorised_changes, alarm_set_matrix from public;
grant execute on function alarm_matrix, alarm_derived_priority, alarm_history, alarm_unauthorised_changes to ksys_viewer;
grant execute on function alarm_master_apply, alarm_set_matrix to ksys_engineer, ksys_service;
