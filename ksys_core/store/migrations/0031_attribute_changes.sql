-- What has changed of an alarm stands in its journal as data and not in words: {"changed": {column: [was, is]}, "reason": why}.
-- Whoever reads it does so in his own language, and nothing that somebody wrote can be taken for a change.
create or replace function alarm_definitions_changed() returns trigger
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
             json_build_object('changed', json_object_agg(e.key, json_build_array(r.before -> e.key, e.value) order by e.key), 'reason', $1)::text
               as words
        from rows r, jsonb_each(r.after - '{changed_by,updated_at,version}'::text[]) e
       where e.value is distinct from r.before -> e.key
       group by r.alarm_id, r.sensor_id, r.name
    )
    select array_agg((e.alarm_id, e.sensor_id, btrim(s.tag || ' ' || e.name), e.before, e.after, e.words)::alarm_definition_change order by e.alarm_id)
      from each e join sensors s using (sensor_id)
  $query$ into found_changes using coalesce(reason, '');
  if found_changes is null then
    return null;
  end if;
  perform alarm_log_attributes(array_agg(c.alarm_id), station, array_agg(c.words)) from unnest(found_changes) c;
  insert into audit_log (station, action, object, before, after, reason)
  select station, 'alarm.change', c.name, c.before,
         c.after || jsonb_build_object('alarm_id', c.alarm_id, 'moc', coalesce(nullif(moc, ''), c.after ->> 'moc_id', '')), reason
    from unnest(found_changes) c order by c.alarm_id;
  perform ksys_notify('limits', array(select distinct c.sensor_id from unnest(found_changes) c));
  return null;
end $$;

create or replace function alarm_limits_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  ids integer[]; words text[];
begin
  select array_agg(d.alarm_id order by d.alarm_id),
         array_agg(json_build_object('changed', json_build_object('limit', json_build_array(l.value, n.value)),
                                     'reason', coalesce(n.reason, ''))::text order by d.alarm_id)
    into ids, words
    from opened n join alarm_definitions d on d.sensor_id = n.sensor_id and d.kind = n.kind
    left join sensor_limits l on l.sensor_id = n.sensor_id and l.kind = n.kind and l.valid_to = n.valid_from;
  if ids is not null then
    perform alarm_log_attributes(ids, alarm_change_note('station'), words);
  end if;
  return null;
end $$;

-- As before (0027); that a limit is cleared stands in the journal of its alarms, too, and the change request in the audit log.
create or replace function ksys_set_limits_of(
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
  changed integer[]; cleared integer[]; words text[];
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
  select array_agg(d.alarm_id order by d.alarm_id),
         array_agg(json_build_object('changed', json_build_object('limit', json_build_array(e.value, null)), 'reason', given_reason)::text
                   order by d.alarm_id)
    into cleared, words
    from unnest(plan) p, jsonb_each(p.was) e join alarm_definitions d on d.kind = e.key
   where d.sensor_id = p.sensor_id and not p.becomes ? e.key;
  if cleared is not null then
    perform alarm_log_attributes(cleared, given_station, words);
  end if;
  insert into audit_log (station, action, object, before, after, reason)
  select given_station, 'limits.change', p.tag, p.was, p.becomes || jsonb_build_object('moc', coalesce(p.moc, '')), given_reason
    from unnest(plan) p order by p.sensor_id;
  select array_agg(p.sensor_id) into changed from unnest(plan) p;
  perform ksys_notify('limits', changed);
  return changed;
end $$;

-- Changes without a number of change management, of one area or (null) of all: those that took an alarm out of use or
-- cleared its limit, and the others. The audit log says it; two ways to count them had to differ sooner or later.
drop function alarm_unauthorised_changes(timestamptz, timestamptz);
create function alarm_unauthorised_changes(p_start timestamptz, p_stop timestamptz, p_area text default null)
returns table (disabled bigint, changed bigint)
language sql stable security definer set search_path = pg_catalog, public as $$
  with places as (
    select sensor_id from sensors where p_area is null or area = p_area or starts_with(area, p_area || '/')
  ), changes as (
    select coalesce((l.after ->> 'enabled')::boolean, true) as in_use
      from audit_log l left join alarm_definitions d on d.alarm_id = (l.after ->> 'alarm_id')::integer
     where l.action = 'alarm.change' and l.ts >= p_start and l.ts < p_stop and l.after ->> 'moc' = ''
       and (p_area is null or d.sensor_id in (select sensor_id from places))
  ), limits as (
    select from sensor_limits l
     where l.valid_from >= p_start and l.valid_from < p_stop and coalesce(l.moc_id, '') = ''
       and l.sensor_id in (select sensor_id from places)
       and exists (select from sensor_limits before where before.sensor_id = l.sensor_id and before.kind = l.kind
                      and before.valid_from < l.valid_from)
  ), cleared as (
    select from audit_log l join sensors s on s.tag = l.object, jsonb_object_keys(l.before) kind
     where l.action = 'limits.change' and l.ts >= p_start and l.ts < p_stop and l.after ->> 'moc' = '' and not l.after ? kind
       and s.sensor_id in (select sensor_id from places)
  )
  select (select count(*) from changes where not in_use) + (select count(*) from cleared),
         (select count(*) from changes where in_use) + (select count(*) from limits)
$$;
revoke execute on function alarm_unauthorised_changes from public;
grant execute on function alarm_unauthorised_changes to ksys_viewer;
