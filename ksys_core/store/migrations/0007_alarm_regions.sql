-- The journal keeps the regions behind each state, so that it alone rebuilds every alarm's state.
-- 1 active, 2 latched, 4 acknowledged, 8 shelved, 16 suppressed, 32 out of service; 4 alone is normal.

create function alarm_isa_state(regions integer) returns text language sql immutable parallel safe as $$
  select alarm_isa_state(regions & 1 > 0, regions & 2 > 0, regions & 4 > 0, regions & 8 > 0, regions & 16 > 0, regions & 32 > 0)
$$;

create function alarm_regions(a alarms) returns integer language sql immutable parallel safe as $$
  select case when a.cond in ('A', 'PEND_OFF') then 1 else 0 end
       + case when a.latched_occurrence > a.reset_occurrence then 2 else 0 end
       + case when a.acked_occurrence >= a.occurrence then 4 else 0 end
       + case when a.shelf <> 'none' and a.shelf_no > a.released_shelf then 8 else 0 end
       + case when a.suppressed then 16 else 0 end
       + case when a.out_of_service then 32 else 0 end
$$;

alter table alarm_events add column regions smallint not null default 4 check (regions between 0 and 63);
alter table alarm_events alter column regions drop default;
alter table alarm_events add constraint alarm_events_state check (isa_to = alarm_isa_state(regions)) not valid;
create index alarm_events_annunciated on alarm_events (source_ts) where kind = 'ACT';
grant insert (regions) on alarm_events to ksys_service;

create or replace function alarm_log(p_kind text, p_ids integer[], p_before text[], p_station text, p_reason text) returns void
language sql set search_path = pg_catalog, public as $$
  insert into alarm_events (alarm_id, sensor_id, tag, area, alarm_kind, kind, source_ts, detected_ts, station, reason,
                            value, limit_value, priority, occurrence, isa_from, isa_to, regions)
  select a.alarm_id, s.sensor_id, s.tag, s.area, d.kind, p_kind, t.ts, t.ts, p_station, p_reason,
         a.value, a.limit_value, d.priority, a.occurrence, b.isa, a.isa_state, alarm_regions(a)
    from unnest(p_ids, p_before) with ordinality as b(alarm_id, isa, place)
    join alarms a using (alarm_id) join alarm_definitions d using (alarm_id) join sensors s on s.sensor_id = d.sensor_id,
         (select clock_timestamp() as ts) t
   order by b.place
$$;

create or replace function alarm_definition_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  was jsonb := case when tg_op = 'UPDATE' then to_jsonb(old) - '{changed_by,updated_at}'::text[] else '{}' end;
  now_is jsonb := to_jsonb(new) - '{changed_by,updated_at}'::text[];
begin
  if tg_op = 'INSERT' then
    insert into alarms (alarm_id) values (new.alarm_id);
  elsif was is distinct from now_is then
    perform alarm_log('ATTR', array[new.alarm_id], array(select isa_state from alarms where alarm_id = new.alarm_id), '',
      (select string_agg(n.key || ' ' || coalesce(was ->> n.key, '-') || ' > ' || coalesce(n.value, '-'), '; ' order by n.key)
         from jsonb_each_text(now_is) n where n.value is distinct from was ->> n.key));
  else
    return null;
  end if;
  perform ksys_notify('limits', array[new.sensor_id]);
  return null;
end $$;

revoke execute on function alarm_regions(alarms) from public;
grant execute on function alarm_regions(alarms) to ksys_service, ksys_viewer;
