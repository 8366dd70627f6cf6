-- Units whose tags are judged together, what their detectors know and have seen, and the anomalies that were found.

create table anomaly_groups (
  group_id   integer generated always as identity primary key,
  name       text not null unique check (length(name) between 1 and 128 and name = btrim(name)),
  area       text,                                       -- its tags are those of this area; null: those of `sensor_ids`
  sensor_ids integer[] not null default '{}',
  interval_s integer check (interval_s >= 60 and interval_s % 60 = 0 and 86400 % interval_s = 0), -- null: found from the data
  enabled    boolean not null default true,
  changed_by text not null default session_user,
  changed_at timestamptz not null default now(),
  check ((area is null) = (cardinality(sensor_ids) > 0))
);

create table anomaly_detectors (
  group_id        integer primary key references anomaly_groups on delete cascade,
  artefact        text,                                  -- JSON, exactly the characters that were hashed; null: not trained
  artefact_sha256 text check (artefact_sha256 ~ '^[0-9a-f]{64}$'),
  trained_at      timestamptz,
  learned_from    timestamptz,                           -- begin of the history it was trained on
  tried_at        timestamptz not null,
  error           text not null default '',              -- why the newest training or run failed, English
  stream          text,                                  -- what the detector remembers, JSON; null: it begins anew
  seen_to         timestamptz,                           -- end of the newest sample that was judged
  check ((artefact is null) = (artefact_sha256 is null)),
  check ((artefact is null) = (trained_at is null and learned_from is null))
);

create table anomalies (
  anomaly_id bigint generated always as identity primary key,
  group_id   integer not null references anomaly_groups on delete cascade,
  sensor_id  integer references sensors on delete cascade, -- null: the unit as a whole
  kind       text not null check (kind in ('interval', 'flat', 'rate', 'range', 'unit')),
  since      timestamptz not null,                       -- source time of the sample at which it showed first
  until      timestamptz,                                -- end of the last sample that showed it; null: it shows now
  score      double precision not null check (score > 1), -- the highest so far, in units of its limit
  shares     jsonb not null default '{}',                -- of a unit: each tag's share at the highest score, by sensor_id
  state      text not null generated always as (case when until is null then 'active' else 'over' end) stored,
  check ((sensor_id is null) = (kind = 'unit')),
  check (until >= since)
);
create unique index anomalies_active on anomalies (group_id, kind, coalesce(sensor_id, 0)) where until is null;
create index anomalies_since on anomalies (since desc);

-- Changes or adds a group and writes the audit trail. Its detector is trained anew.
create function set_anomaly_group(p_name text, p_area text, p_sensor_ids integer[], p_interval_s integer, p_enabled boolean,
                                  station text default '')
returns integer language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  before jsonb;
  made anomaly_groups;
begin
  select to_jsonb(g) into before from anomaly_groups g where g.name = p_name for update;
  insert into anomaly_groups as g (name, area, sensor_ids, interval_s, enabled)
  values (p_name, p_area, p_sensor_ids, p_interval_s, p_enabled)
  on conflict (name) do update set area = excluded.area, sensor_ids = excluded.sensor_ids, interval_s = excluded.interval_s,
    enabled = excluded.enabled, changed_by = session_user, changed_at = now()
  where (g.area, g.sensor_ids, g.interval_s, g.enabled)
    is distinct from (excluded.area, excluded.sensor_ids, excluded.interval_s, excluded.enabled)
  returning * into made;
  if made.group_id is null then                          -- nothing was to be changed
    return (before ->> 'group_id')::integer;
  end if;
  delete from anomaly_detectors d where d.group_id = made.group_id;
  update anomalies a set until = greatest(a.since, now()) where a.group_id = made.group_id and a.until is null;
  insert into audit_log (action, object, station, before, after)
  values ('set_anomaly_group', 'anomaly group ' || p_name, station, before, to_jsonb(made));
  perform ksys_notify('anomalies', array[made.group_id]);
  return made.group_id;
end $$;

revoke execute on function set_anomaly_group from public;
grant execute on function set_anomaly_group to ksys_engineer, ksys_service;

grant select on anomaly_groups, anomaly_detectors, anomalies to ksys_viewer;
grant insert (name, area) on anomaly_groups to ksys_service;
grant insert, update, delete on anomaly_detectors, anomalies to ksys_service;
