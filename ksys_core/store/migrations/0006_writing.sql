-- Functions that write on behalf of a role: batches of readings, tags, limits. Refusals are raised with SQLSTATE KS001:
-- the message is the error's code, the detail its parameters as JSON (`ksys_core.store.refusals`).

create function ksys_refuse(code text, params jsonb default '{}') returns void
language plpgsql as $$
begin
  raise exception '%', code using errcode = 'KS001', detail = params::text;
end $$;

-- Ends a batch, in its transaction. Parallel arrays: newest reading of each tag of the batch (ts in microseconds since
-- 2000), and the ranges of late readings whose roll-ups must be done again.
create function ksys_ingest_finish(
  ids integer[], times bigint[], readings double precision[], qualities smallint[],
  late_ids integer[], late_starts bigint[], late_stops bigint[]
) returns void language plpgsql as $$
declare
  epoch constant timestamptz := '2000-01-01 00:00:00+00';
  us constant interval := '1 microsecond';
  strangers integer[];
  touched integer;
begin
  perform pg_advisory_xact_lock(1263754579, 4); -- one at a time: the update takes rows in any order
  update sensor_latest l set ts = b.ts, value = b.v, quality = b.q, received_at = now()
  from (select id, epoch + t * us as ts, v, q from unnest(ids, times, readings, qualities) as a(id, t, v, q) offset 0) b
  where l.sensor_id = b.id
    and (b.ts > l.ts or b.ts = l.ts and (l.value, l.quality) is distinct from (b.v, b.q));
  get diagnostics touched = row_count;
  if touched < cardinality(ids) then -- some are not newer, or were never seen
    select array_agg(id) into strangers from unnest(ids) id
    where not exists (select from sensor_latest l where l.sensor_id = id)
      and not exists (select from sensors s where s.sensor_id = id);
    if strangers is not null then
      perform ksys_refuse('readings.unknown_sensor', jsonb_build_object('ids', array_to_string(strangers[:10], ', ')));
    end if;
    insert into sensor_latest (sensor_id, ts, value, quality)
    select id, epoch + t * us, v, q from unnest(ids, times, readings, qualities) as b(id, t, v, q)
    on conflict (sensor_id) do nothing;
  end if;
  if cardinality(late_ids) > 0 then
    insert into rollup_late (sensor_id, start, stop)
    select id, epoch + a * us, epoch + b * us from unnest(late_ids, late_starts, late_stops) as b(id, a, b);
  end if;
  perform ksys_notify('readings', ids);
end $$;

-- Tags by name, from a JSON array of objects with the columns' names. Existing tags are changed only when `overwrite`.
create function ksys_upsert_sensors(definitions jsonb, overwrite boolean, station text default '')
returns table (tag text, sensor_id integer)
language plpgsql security definer set search_path = pg_catalog, public as $$
#variable_conflict use_column
declare
  changed integer[];
begin
  with given as (
    select * from jsonb_to_recordset(definitions) as d(
      tag text, description jsonb, unit text, area text, role text, origin text, span_low float8, span_high float8,
      normal_low float8, normal_high float8, decimals smallint, interval_s float8, interpolation text, enabled boolean)
  ), old as (
    select s.* from sensors s join given g on g.tag = s.tag
  ), done as (
    insert into sensors as s (tag, description, unit, area, role, origin, span_low, span_high, normal_low, normal_high,
                              decimals, interval_s, interpolation, enabled)
    select * from given
    on conflict (tag) do update set
      description = excluded.description, unit = excluded.unit, area = excluded.area, role = excluded.role,
      origin = excluded.origin, span_low = excluded.span_low, span_high = excluded.span_high,
      normal_low = excluded.normal_low, normal_high = excluded.normal_high, decimals = excluded.decimals,
      interval_s = excluded.interval_s, interpolation = excluded.interpolation, enabled = excluded.enabled,
      updated_at = now()
    where overwrite
      and (s.description, s.unit, s.area, s.role, s.origin, s.span_low, s.span_high, s.normal_low, s.normal_high,
           s.decimals, s.interval_s, s.interpolation, s.enabled)
          is distinct from
          (excluded.description, excluded.unit, excluded.area, excluded.role, excluded.origin, excluded.span_low,
           excluded.span_high, excluded.normal_low, excluded.normal_high, excluded.decimals, excluded.interval_s,
           excluded.interpolation, excluded.enabled)
    returning s.*
  ), noted as (
    insert into audit_log (station, action, object, before, after)
    select station, case when o.tag is null then 'sensor.create' else 'sensor.change' end, d.tag,
           to_jsonb(o) - '{created_at,updated_at}'::text[], to_jsonb(d) - '{created_at,updated_at}'::text[]
    from done d left join old o on o.tag = d.tag
  )
  select array_agg(sensor_id order by sensor_id) into changed from done;
  if changed is not null then
    perform ksys_notify('sensors', changed);
  end if;
  return query select s.tag, s.sensor_id from sensors s
    where s.tag in (select d.tag from jsonb_to_recordset(definitions) as d(tag text));
end $$;

-- New limits of a tag. A null value clears the limit; kinds not named stay. The rows in force are closed and new ones
-- opened at the same instant; returns whether anything changed.
create function ksys_set_limits(
  sensor integer, kinds text[], settings double precision[],
  reason text default '', moc text default null, station text default ''
) returns boolean
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  tag_name text;
  instant timestamptz;
  was jsonb;
  becomes jsonb;
  wrong record;
begin
  select s.tag into tag_name from sensors s where s.sensor_id = sensor for update;
  if not found then
    perform ksys_refuse('readings.unknown_sensor', jsonb_build_object('ids', sensor::text));
  end if;
  select coalesce(jsonb_object_agg(l.kind, l.value), '{}'),
         greatest(clock_timestamp(), max(l.valid_from) + interval '1 microsecond')
    into was, instant
  from sensor_limits l where l.sensor_id = sensor and l.valid_to is null;
  select coalesce(jsonb_object_agg(k, v) filter (where v is not null), '{}') into becomes
  from (select key as k, value::text::float8 as v from jsonb_each(was) where key <> all (kinds)
        union all select k, v from unnest(kinds, settings) as g(k, v)) merged;
  if was = becomes then
    return false;
  end if;
  with orders as (
    select key as kind, value::text::float8 as value, array_position('{LL,L,H,HH}', key) as place from jsonb_each(becomes)
  )
  select lower.kind as lower, lower.value as lower_value, upper.kind as upper, upper.value as upper_value into wrong
  from orders lower join orders upper on lower.place < upper.place and lower.value >= upper.value
  order by upper.place - lower.place, lower.place limit 1;
  if found then
    perform ksys_refuse('limits.order', to_jsonb(wrong) || jsonb_build_object('tag', tag_name));
  end if;
  update sensor_limits l set valid_to = instant
  where l.sensor_id = sensor and l.valid_to is null and was -> l.kind is distinct from becomes -> l.kind;
  insert into sensor_limits (sensor_id, kind, valid_from, value, reason, moc_id)
  select sensor, key, instant, value::text::float8, reason, moc
  from jsonb_each(becomes) where was -> key is distinct from value;
  insert into audit_log (station, action, object, before, after, reason)
  values (station, 'limits.change', tag_name, was, becomes, reason);
  perform ksys_notify('limits', array[sensor]);
  return true;
end $$;

revoke insert, update on sensors, sensor_limits from ksys_engineer; -- by the functions, which leave a trace
revoke insert, update, delete on sensors, sensor_limits from ksys_service;
revoke execute on function ksys_upsert_sensors, ksys_set_limits from public;
grant execute on function ksys_upsert_sensors, ksys_set_limits to ksys_engineer, ksys_service;
