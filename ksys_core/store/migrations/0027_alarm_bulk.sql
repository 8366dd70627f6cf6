-- Thousands of changes of alarms and limits in a few statements: what each brings with it - state, journal, audit log,
-- message - is written for all rows of a statement at once.

-- Journal what was done to `p_ids`, whose states were `p_before`, each with its reason.
create function alarm_log_each(p_kind text, p_ids integer[], p_before text[], p_station text, p_reasons text[]) returns void
language sql set search_path = pg_catalog, public as $$
  insert into alarm_events (alarm_id, sensor_id, tag, area, alarm_kind, kind, source_ts, detected_ts, station, reason,
                            value, limit_value, priority, occurrence, isa_from, isa_to, regions)
  select a.alarm_id, s.sensor_id, s.tag, s.area, d.kind, p_kind, t.ts, t.ts, p_station, b.reason,
         a.value, a.limit_value, d.priority, a.occurrence, b.isa, a.isa_state, alarm_regions(a)
    from unnest(p_ids, p_before, p_reasons) with ordinality as b(alarm_id, isa, reason, place)
    join alarms a using (alarm_id) join alarm_definitions d using (alarm_id) join sensors s on s.sensor_id = d.sensor_id,
         (select clock_timestamp() as ts) t
   order by b.place
$$;

create or replace function alarm_log(p_kind text, p_ids integer[], p_before text[], p_station text, p_reason text) returns void
language sql set search_path = pg_catalog, public as $$
  select alarm_log_each(p_kind, p_ids, p_before, p_station, array_fill(p_reason, array[cardinality(p_ids)]))
$$;

-- Journal that attributes of `p_ids` have changed. Their rows are locked, so that the states follow each other.
create function alarm_log_attributes(p_ids integer[], p_station text, p_reasons text[]) returns void
language plpgsql set search_path = pg_catalog, public as $$
begin
  perform from alarms where alarm_id = any(p_ids) order by alarm_id for update;
  perform alarm_log_each('ATTR', array_agg(a.alarm_id order by c.place), array_agg(a.isa_state order by c.place), p_station,
                         array_agg(c.reason order by c.place))
     from unnest(p_ids, p_reasons) with ordinality c(alarm_id, reason, place) join alarms a using (alarm_id);
end $$;

-- As before (0013); what has not changed costs nothing.
create or replace function alarm_definition_derive() returns trigger
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  if tg_op = 'INSERT' then
    new.priority := coalesce(alarm_derived_priority(new.severity, new.response_s), new.priority);
    return new;
  end if;
  new.version := old.version;
  new.changed_by := old.changed_by;
  new.updated_at := old.updated_at;
  if (new.severity, new.response_s, new.priority) is distinct from (old.severity, old.response_s, old.priority) then
    new.priority := coalesce(alarm_derived_priority(new.severity, new.response_s), new.priority);
  end if;
  if new is distinct from old then
    new.version := old.version + 1;
    new.changed_by := session_user;
    new.updated_at := clock_timestamp();
  end if;
  return new;
end $$;

drop trigger alarm_definition_changed on alarm_definitions;
drop function alarm_definition_changed();

create type alarm_definition_change as (alarm_id integer, sensor_id integer, name text, before jsonb, after jsonb, words text);

create function alarm_definitions_added() returns trigger
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  insert into alarms (alarm_id) select alarm_id from added order by alarm_id;
  insert into audit_log (station, action, object, before, after, reason)
  select alarm_change_note('station'), 'alarm.create', btrim(s.tag || ' ' || n.kind || ' ' || n.label), '{}',
         alarm_changed_values(to_jsonb(n) - '{changed_by,updated_at,version}'::text[], '{}')
           || jsonb_build_object('alarm_id', n.alarm_id, 'moc', coalesce(nullif(alarm_change_note('moc'), ''), n.moc_id, '')),
         alarm_change_note('reason')
    from added n join sensors s using (sensor_id) order by n.alarm_id;
  perform ksys_notify('limits', array(select distinct sensor_id from added)) where exists (select from added);
  return null;
end $$;
create trigger alarm_definitions_added after insert on alarm_definitions
  referencing new table as added for each statement execute function alarm_definitions_added();

-- A change is authorised by the number of change management of all, or by the one that it sets itself.
create function alarm_definitions_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  station constant text := alarm_change_note('station');
  reason constant text := alarm_change_note('reason');
  moc constant text := alarm_change_note('moc');
  found_changes alarm_definition_change[];
begin
  -- Planned anew each time: a plan made for one row would take hours for thousands.
  execute $query$
    with rows as materialized (
      select n.alarm_id, n.sensor_id, n.kind || ' ' || n.label as name, to_jsonb(o) as before, to_jsonb(n) as after
        from becomes n join was o using (alarm_id) where n.version <> o.version
    ), each as (
      select r.alarm_id, r.sensor_id, r.name, jsonb_object_agg(e.key, r.before -> e.key) as before, jsonb_object_agg(e.key, e.value) as after,
             string_agg(e.key || ' ' || coalesce(r.before ->> e.key, '-') || ' > ' || coalesce(e.value #>> '{}', '-'), '; ' order by e.key) as words
        from rows r, jsonb_each(r.after - '{changed_by,updated_at,version}'::text[]) e
       where e.value is distinct from r.before -> e.key
       group by r.alarm_id, r.sensor_id, r.name
    )
    select array_agg((e.alarm_id, e.sensor_id, btrim(s.tag || ' ' || e.name), e.before, e.after, e.words)::alarm_definition_change order by e.alarm_id)
      from each e join sensors s using (sensor_id)
  $query$ into found_changes;
  if found_changes is null then
    return null;
  end if;
  perform alarm_log_attributes(array_agg(c.alarm_id), station, array_agg(c.words || coalesce(' (' || nullif(reason, '') || ')', '')))
     from unnest(found_changes) c;
  insert into audit_log (station, action, object, before, after, reason)
  select station, 'alarm.change', c.name, c.before,
         c.after || jsonb_build_object('alarm_id', c.alarm_id, 'moc', coalesce(nullif(moc, ''), c.after ->> 'moc_id', '')), reason
    from unnest(found_changes) c order by c.alarm_id;
  perform ksys_notify('limits', array(select distinct c.sensor_id from unnest(found_changes) c));
  return null;
end $$;
create trigger alarm_definitions_changed after update on alarm_definitions
  referencing old table as was new table as becomes for each statement execute function alarm_definitions_changed();

-- A limit is an attribute of the alarms that it drives: its change stands in their journal.
drop trigger alarm_limit_changed on sensor_limits;
drop function alarm_limit_changed();

create function alarm_limits_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  ids integer[]; words text[];
begin
  select array_agg(d.alarm_id order by d.alarm_id),
         array_agg('limit ' || coalesce(l.value::text, '-') || ' > ' || n.value || coalesce(' (' || nullif(n.reason, '') || ')', '')
                   order by d.alarm_id)
    into ids, words
    from opened n join alarm_definitions d on d.sensor_id = n.sensor_id and d.kind = n.kind
    left join sensor_limits l on l.sensor_id = n.sensor_id and l.kind = n.kind and l.valid_to = n.valid_from;
  if ids is not null then
    perform alarm_log_attributes(ids, alarm_change_note('station'), words);
  end if;
  return null;
end $$;
create trigger alarm_limits_changed after insert on sensor_limits
  referencing new table as opened for each statement execute function alarm_limits_changed();

-- New limits of many tags: parallel arrays, one element a limit. A null value clears the limit; kinds not named stay. The rows in
-- force are closed and new ones opened at the same instant. Gives the tags whose limits have changed.
create type ksys_limits_plan as (sensor_id integer, tag text, instant timestamptz, was jsonb, becomes jsonb, moc text);

create function ksys_set_limits_of(
  sensors integer[], kinds text[], settings double precision[], mocs text[], reason text default '', station text default ''
) returns integer[]
language plpgsql security definer set search_path = pg_catalog, public as $$
#variable_conflict use_column
declare
  given_reason constant text := reason;
  given_station constant text := station;
  strangers text;
  plan ksys_limits_plan[];
  wrong record;
  changed integer[];
begin
  perform from public.sensors s where s.sensor_id = any(sensors) order by s.sensor_id for update;
  select string_agg(distinct id::text, ', ') into strangers from unnest(sensors) id
   where not exists (select from public.sensors s where s.sensor_id = id);
  if strangers is not null then
    perform ksys_refuse('readings.unknown_sensor', jsonb_build_object('ids', strangers));
  end if;
  with given as (select * from unnest(sensors, kinds, settings, mocs) with ordinality as g(sensor_id, kind, value, moc, place)),
  wanted as (
    select g.sensor_id, jsonb_object_agg(g.kind, g.value order by g.place) as named, max(nullif(g.moc, '')) as moc
      from given g group by 1
  ), standing as (
    select w.sensor_id, w.named, w.moc, coalesce(jsonb_object_agg(l.kind, l.value) filter (where l.kind is not null), '{}') as was,
           greatest(clock_timestamp(), max(l.valid_from) + interval '1 microsecond') as instant
      from wanted w left join sensor_limits l on l.sensor_id = w.sensor_id and l.valid_to is null
     group by w.sensor_id, w.named, w.moc
  )
  select array_agg((p.sensor_id, s.tag, p.instant, p.was, p.becomes, p.moc)::ksys_limits_plan order by p.sensor_id) into plan
    from (select *, jsonb_strip_nulls(was || named) as becomes from standing) p join public.sensors s using (sensor_id)
   where p.was <> p.becomes;
  if plan is null then
    return '{}';
  end if;
  with orders as (
    select p.sensor_id, p.tag, e.key as kind, e.value::text::float8 as value, array_position('{LL,L,H,HH}', e.key) as place
      from unnest(plan) p, jsonb_each(p.becomes) e
  )
  select l.kind as lower, l.value as lower_value, u.kind as upper, u.value as upper_value, l.tag into wrong
  from orders l join orders u on u.sensor_id = l.sensor_id and l.place < u.place and l.value >= u.value
  order by l.sensor_id, u.place - l.place, l.place limit 1;
  if found then
    perform ksys_refuse('limits.order', to_jsonb(wrong));
  end if;
  update sensor_limits l set valid_to = p.instant from unnest(plan) p
   where l.sensor_id = p.sensor_id and l.valid_to is null and p.was -> l.kind is distinct from p.becomes -> l.kind;
  insert into sensor_limits (sensor_id, kind, valid_from, value, reason, moc_id)
  select p.sensor_id, e.key, p.instant, e.value::text::float8, given_reason, p.moc
    from unnest(plan) p, jsonb_each(p.becomes) e where p.was -> e.key is distinct from e.value;
  insert into audit_log (station, action, object, before, after, reason)
  select given_station, 'limits.change', p.tag, p.was, p.becomes, given_reason from unnest(plan) p order by p.sensor_id;
  select array_agg(p.sensor_id) into changed from unnest(plan) p;
  perform ksys_notify('limits', changed);
  return changed;
end $$;

create or replace function ksys_set_limits(
  sensor integer, kinds text[], settings double precision[],
  reason text default '', moc text default null, station text default ''
) returns boolean
language sql security definer set search_path = pg_catalog, public as $$
  select cardinality(ksys_set_limits_of(array_fill(sensor, array[cardinality(kinds)]), kinds, settings,
                                        array_fill(moc, array[cardinality(kinds)]), reason, station)) > 0
$$;

-- Only the texts that a change names are made whole.
create or replace function alarm_with_texts(change jsonb, was jsonb) returns jsonb language sql immutable as $$
  select change || coalesce((
    select jsonb_object_agg(part, (select coalesce(jsonb_object_agg(key, value), '{}')
             from jsonb_each(coalesce(was -> part, '{}') || (change -> part)) where value <> '""'))
      from unnest('{cause,consequence,action,confirmation,escalation}'::text[]) part where jsonb_typeof(change -> part) = 'object'), '{}')
$$;

create function alarm_change_name(change jsonb) returns text language sql immutable as $$
  select concat_ws(' ', change ->> 'tag', change ->> 'kind', nullif(change ->> 'label', ''))
$$;

-- As before (0013), for all changes at once, and without their limits: those of a tag are judged together, when all are known.
create or replace function alarm_master_apply(p_changes jsonb, p_station text, p_reason text, p_moc text default '')
returns integer[] language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  moc constant jsonb := case when p_moc = '' then '{}' else jsonb_build_object('moc_id', p_moc) end;
  wrong record; added integer[]; ids integer[]; wanted integer;
begin
  if length(p_reason) > 2000 or length(p_station) > 200 or length(p_moc) > 64 then
    raise exception 'a text is too long' using errcode = 'string_data_right_truncation';
  end if;
  perform pg_advisory_xact_lock(hashtext('ksys alarm limits'));
  perform alarm_change_notes(p_station, p_reason, p_moc);
  ids := array(select (c ->> 'alarm_id')::integer from jsonb_array_elements(p_changes) c where jsonb_typeof(c -> 'alarm_id') = 'number');
  perform from alarm_definitions d where d.alarm_id = any(ids) order by d.alarm_id for update;
  select alarm_change_name(c.change) as named, d.alarm_id, d.changed_by, d.updated_at into wrong
    from jsonb_array_elements(p_changes) with ordinality c(change, place)
    left join alarm_definitions d on d.alarm_id = (c.change ->> 'alarm_id')::integer
   where jsonb_typeof(c.change -> 'alarm_id') = 'number' and d.version is distinct from (c.change ->> 'version')::integer
   order by c.place limit 1;
  if found and wrong.alarm_id is null then
    perform ksys_refuse('alarm.missing', jsonb_build_object('alarm', wrong.named));
  elsif wrong.alarm_id is not null then
    perform ksys_refuse('alarm.changed_meanwhile', jsonb_build_object('alarm', wrong.named, 'by', wrong.changed_by,
      'at', to_char(wrong.updated_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC'));
  end if;
  update alarm_definitions d set
     (setting, reference_sensor_id, dead_band, dead_band_unit, on_delay_s, off_delay_s, count, class, latching, realarm_s, group_name,
      shelvable, max_shelve_s, cause, consequence, action, confirmation, response_s, owner, basis, moc_id, review_date, rationalised,
      enabled, severity, escalation, suppression, test_interval_days)
  = (b.setting, b.reference_sensor_id, b.dead_band, b.dead_band_unit, b.on_delay_s,
      b.off_delay_s, b.count, b.class, b.latching, b.realarm_s, b.group_name,
      b.shelvable, b.max_shelve_s, b.cause, b.consequence, b.action, b.confirmation,
      b.response_s, b.owner, b.basis, b.moc_id, b.review_date, b.rationalised, b.enabled,
      b.severity, b.escalation, b.suppression, b.test_interval_days)
    from jsonb_array_elements(p_changes) c join alarm_definitions o on o.alarm_id = (c ->> 'alarm_id')::integer
   cross join lateral jsonb_populate_record(o, alarm_with_texts(c || moc, to_jsonb(o)) - '{alarm_id,version,priority}'::text[]) b
   where jsonb_typeof(c -> 'alarm_id') = 'number' and d.alarm_id = o.alarm_id;
  with made as (
    insert into alarm_definitions
       (sensor_id, kind, label,
        setting, reference_sensor_id, dead_band, dead_band_unit, on_delay_s, off_delay_s, count, class, latching, realarm_s, group_name,
        shelvable, max_shelve_s, cause, consequence, action, confirmation, response_s, owner, basis, moc_id, review_date, rationalised,
        enabled, severity, escalation, suppression, test_interval_days)
    select b.sensor_id, b.kind, coalesce(b.label, ''),
        b.setting, b.reference_sensor_id, b.dead_band, b.dead_band_unit, b.on_delay_s,
        b.off_delay_s, b.count, b.class, b.latching, b.realarm_s, b.group_name,
        b.shelvable, b.max_shelve_s, b.cause, b.consequence, b.action, b.confirmation,
        b.response_s, b.owner, b.basis, b.moc_id, b.review_date, b.rationalised, b.enabled,
        b.severity, b.escalation, b.suppression, b.test_interval_days
      from jsonb_array_elements(p_changes) with ordinality c(change, place)
     cross join lateral jsonb_populate_record(null::alarm_definitions, alarm_with_texts(c.change || moc, '{}') - '{alarm_id,version,priority}'::text[]) b
     where jsonb_typeof(c.change -> 'alarm_id') is distinct from 'number' order by c.place
    on conflict do nothing returning alarm_id)
  select coalesce(array_agg(alarm_id order by alarm_id), '{}') into added from made;
  select count(*) into wanted from jsonb_array_elements(p_changes) c where jsonb_typeof(c -> 'alarm_id') is distinct from 'number';
  if wanted > cardinality(added) then -- it was there, or it is named twice
    perform ksys_refuse('alarm.exists', jsonb_build_object('alarm', n.named))
       from (select alarm_change_name(change) as named, (change ->> 'sensor_id')::integer as sensor_id, change ->> 'kind' as kind,
                    coalesce(change ->> 'label', '') as label, place,
                    row_number() over (partition by change -> 'sensor_id', change -> 'kind', coalesce(change ->> 'label', '') order by place) as nth
               from jsonb_array_elements(p_changes) with ordinality c(change, place)
              where jsonb_typeof(change -> 'alarm_id') is distinct from 'number') n
      where n.nth > 1 or exists (select from alarm_definitions d where d.sensor_id = n.sensor_id and d.kind = n.kind
                                    and d.label = n.label and d.alarm_id <> all(added))
      order by n.place limit 1;
  end if;
  return ids || added;
end $$;

create or replace function alarm_master_limits(p_changes jsonb, p_station text, p_reason text, p_moc text) returns void
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  stale record;
begin
  perform alarm_change_notes(p_station, p_reason, p_moc);
  select c ->> 'kind' as kind, s.tag, l.changed_by into stale
    from jsonb_array_elements(p_changes) c join sensors s on s.sensor_id = (c ->> 'sensor_id')::integer
    left join sensor_limits l on l.sensor_id = s.sensor_id and l.kind = c ->> 'kind' and l.valid_to is null
   where c ? 'limit' and l.value is distinct from (c ->> 'limit_was')::float8 order by s.sensor_id limit 1;
  if found then
    perform ksys_refuse('limits.changed_meanwhile', jsonb_build_object('tag', stale.tag, 'kind', stale.kind,
      'by', coalesce(stale.changed_by, '?')));
  end if;
  perform ksys_set_limits_of(array_agg((c ->> 'sensor_id')::integer), array_agg(c ->> 'kind'), array_agg((c ->> 'limit')::float8),
                             array_agg(coalesce(nullif(p_moc, ''), c ->> 'moc_id')), p_reason, p_station)
     from jsonb_array_elements(p_changes) c where c ? 'limit' having count(*) > 0;
end $$;

revoke execute on function alarm_log_each, alarm_log_attributes, alarm_definitions_added, alarm_definitions_changed,
  alarm_limits_changed, ksys_set_limits_of, alarm_change_name from public;
grant execute on function alarm_master_limits to ksys_engineer, ksys_service;
