-- Floods as the service saw them, and maintenance of areas. Kind "alarm_modes" tells that one of them has changed.

create table alarm_floods (
  flood_id       bigint generated always as identity primary key,
  started_at     timestamptz not null unique,   -- the sliding count of ten minutes reached 10
  ended_at       timestamptz check (ended_at > started_at), -- it fell below 5; null: it lasts
  first_alarm_id integer not null,              -- first-out: annunciated first of those that led to the start
  peak_count     integer not null,              -- most within a sliding ten minutes
  annunciations  integer not null               -- in all, with those that led to the start
);
create unique index alarm_floods_one on alarm_floods ((true)) where ended_at is null;

create index alarm_events_told on alarm_events (detected_ts)
  where kind = 'ACT' and isa_to not in ('SHLVD', 'DSUPR', 'OOSRV');

create table alarm_maintenance (
  maintenance_id integer generated always as identity primary key,
  area           text not null check (area <> ''), -- with everything below it
  reason         text not null,
  started_at     timestamptz not null default clock_timestamp(),
  until_at       timestamptz not null,
  started_by     text not null default session_user,
  ended_at       timestamptz,
  ended_by       text,
  check (until_at > started_at)
);
create unique index alarm_maintenance_one on alarm_maintenance (area) where ended_at is null;

-- Checks of texts common to what people file here.
create function alarm_modes_texts(p_reason text, p_station text) returns void
language plpgsql immutable set search_path = pg_catalog, public as $$
begin
  if btrim(coalesce(p_reason, '')) = '' then
    perform ksys_refuse('alarm.reason_missing');
  end if;
  if length(p_reason) > 2000 then
    perform ksys_refuse('alarm.text_too_long', jsonb_build_object('length', length(p_reason), 'most', 2000));
  end if;
  if length(p_station) > 200 then
    perform ksys_refuse('alarm.text_too_long', jsonb_build_object('length', length(p_station), 'most', 200));
  end if;
end $$;

-- Begin maintenance of an area, or give one that runs another end and reason. Returns its number.
create function alarm_maintenance_start(p_area text, p_seconds double precision, p_reason text, p_station text default '')
returns integer language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  was alarm_maintenance;
  made alarm_maintenance;
begin
  perform alarm_modes_texts(p_reason, p_station);
  if p_seconds is null or not p_seconds between 60 and 86400 then
    perform ksys_refuse('maintenance.duration');
  end if;
  if not exists (select from sensors where area = p_area or starts_with(area, p_area || '/')) or p_area = '' then
    perform ksys_refuse('maintenance.area', jsonb_build_object('area', p_area));
  end if;
  perform pg_advisory_xact_lock(hashtext('ksys alarm maintenance'));
  perform alarm_maintenance_close(clock_timestamp());
  select * into was from alarm_maintenance where area = p_area and ended_at is null;
  if found then
    update alarm_maintenance set until_at = clock_timestamp() + make_interval(secs => p_seconds), reason = p_reason
     where maintenance_id = was.maintenance_id returning * into made;
  else
    insert into alarm_maintenance (area, reason, until_at)
    values (p_area, p_reason, clock_timestamp() + make_interval(secs => p_seconds)) returning * into made;
  end if;
  insert into audit_log (station, action, object, before, after, reason)
  values (p_station, case when was.maintenance_id is null then 'maintenance.start' else 'maintenance.change' end, p_area,
          case when was.maintenance_id is not null then to_jsonb(was) end, to_jsonb(made), p_reason);
  perform ksys_notify('alarm_modes');
  return made.maintenance_id;
end $$;

-- End it early; false when it has ended already.
create function alarm_maintenance_end(p_id integer, p_station text default '', p_reason text default '') returns boolean
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  was alarm_maintenance;
begin
  if p_reason <> '' or length(p_station) > 200 then
    perform alarm_modes_texts(coalesce(nullif(p_reason, ''), '-'), p_station);
  end if;
  perform pg_advisory_xact_lock(hashtext('ksys alarm maintenance'));
  perform alarm_maintenance_close(clock_timestamp());
  select * into was from alarm_maintenance where maintenance_id = p_id and ended_at is null;
  if not found then
    return false;
  end if;
  update alarm_maintenance set ended_at = clock_timestamp(), ended_by = session_user where maintenance_id = p_id;
  insert into audit_log (station, action, object, before, reason)
  values (p_station, 'maintenance.end', was.area, to_jsonb(was), p_reason);
  perform ksys_notify('alarm_modes');
  return true;
end $$;

-- Close what is over at `p_now`; returns how many were.
create function alarm_maintenance_close(p_now timestamptz) returns integer
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  n integer;
begin
  with over as (
    update alarm_maintenance set ended_at = until_at where ended_at is null and until_at <= p_now returning *
  ), noted as (
    insert into audit_log (action, object, after, reason) select 'maintenance.over', area, to_jsonb(over), reason from over
    returning 1
  ) select count(*) into n from noted;
  if n > 0 then
    perform ksys_notify('alarm_modes');
  end if;
  return n;
end $$;

grant select on alarm_floods, alarm_maintenance to ksys_viewer;
grant insert, update on alarm_floods to ksys_service;
revoke execute on function alarm_maintenance_start, alarm_maintenance_end, alarm_maintenance_close, alarm_modes_texts from public;
grant execute on function alarm_maintenance_start, alarm_maintenance_end to ksys_operator;
grant execute on function alarm_maintenance_close to ksys_service;
