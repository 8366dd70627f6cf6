-- Readings and their roll-ups on plain PostgreSQL: range partitions of seven days, roll-up tables kept by a job, and
-- views that add what is newer than the watermark.

create table sensor_readings (
  sensor_id integer not null,
  ts        timestamptz not null,
  value     double precision not null,                 -- NaN: no value, quality BAD
  quality   smallint not null,
  primary key (sensor_id, ts)
) partition by range (ts);

-- Weeks start on Monday 00:00 UTC. A partition is made aside and attached, so that readers are not locked out.
create function ksys_ensure_partitions(moments timestamptz[]) returns integer
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  week timestamptz;
  name text;
  made integer := 0;
begin
  for week in select distinct date_bin('7 days', m, '2001-01-01 00:00:00+00') from unnest(moments) m order by 1 loop
    name := 'sensor_readings_' || to_char(week at time zone 'UTC', 'YYYYMMDD');
    continue when exists (select from pg_class where relname = name and relnamespace = 'public'::regnamespace);
    perform pg_advisory_xact_lock(1263754579, 2);
    continue when exists (select from pg_class where relname = name and relnamespace = 'public'::regnamespace);
    execute format('create table public.%I (like public.sensor_readings including all)', name);
    execute format('alter table public.sensor_readings attach partition public.%I for values from (%L) to (%L)',
                   name, week, week + interval '7 days');
    made := made + 1;
  end loop;
  return made;
end $$;

-- Drops the partitions that end at or before `keep_from`; returns how many.
create function ksys_drop_partitions(keep_from timestamptz) returns integer
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  part regclass;
  dropped integer := 0;
begin
  set local lock_timeout = '2s';
  for part in
    select c.oid from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'public.sensor_readings'::regclass
      and to_timestamp(right(c.relname, 8), 'YYYYMMDD') at time zone current_setting('timezone') at time zone 'UTC'
          + interval '7 days' <= keep_from
  loop
    execute format('drop table %s', part);
    dropped := dropped + 1;
  end loop;
  return dropped;
end $$;

create table rollup_1m (
  sensor_id integer not null,
  bucket    timestamptz not null,
  n         bigint not null,                           -- readings
  n_good    bigint not null,                           -- of these with quality good or uncertain: only they count below
  sum       double precision,
  min       double precision,
  max       double precision,
  first     double precision,
  last      double precision,
  quality   smallint not null,                         -- worst
  primary key (sensor_id, bucket)
);
create table rollup_10m (like rollup_1m including all);
create table rollup_1h (like rollup_1m including all);
create table rollup_1d (like rollup_1m including all);

-- Rows before `watermark` are in the tables. A batch that brings readings before `late_before` logs them, so that the
-- job does their buckets again; the job raises it before it reads, and the watermark after it wrote.
create table rollup_state (
  level       text primary key,
  width       interval not null,
  watermark   timestamptz not null default '-infinity',
  late_before timestamptz not null default '-infinity'
);
insert into rollup_state values ('1m', '1 minute'), ('10m', '10 minutes'), ('1h', '1 hour'), ('1d', '1 day');

create table rollup_late (
  late_id   bigint generated always as identity primary key,
  sensor_id integer not null,
  start     timestamptz not null,
  stop      timestamptz not null                       -- first instant after the range
);

create view sensor_readings_1m as
select sensor_id, bucket, n, n_good, sum, min, max, first, last, quality
from rollup_1m where bucket < (select watermark from rollup_state where level = '1m')
union all
select sensor_id, date_bin('1 minute', ts, '2000-01-01 00:00:00+00') as bucket, count(*),
       count(*) filter (where quality >= 64), sum(value) filter (where quality >= 64),
       min(value) filter (where quality >= 64), max(value) filter (where quality >= 64),
       (min(array[extract(epoch from ts)::float8, value]) filter (where quality >= 64))[2],
       (max(array[extract(epoch from ts)::float8, value]) filter (where quality >= 64))[2], min(quality)
from sensor_readings where ts >= (select watermark from rollup_state where level = '1m')
group by 1, 2;

create view sensor_readings_10m as
select sensor_id, bucket, n, n_good, sum, min, max, first, last, quality
from rollup_10m where bucket < (select watermark from rollup_state where level = '10m')
union all
select sensor_id, date_bin('10 minutes', bucket, '2000-01-01 00:00:00+00'), sum(n)::bigint, sum(n_good)::bigint,
       sum(sum), min(min), max(max),
       (min(array[extract(epoch from bucket)::float8, first]) filter (where n_good > 0))[2],
       (max(array[extract(epoch from bucket)::float8, last]) filter (where n_good > 0))[2], min(quality)
from sensor_readings_1m where bucket >= (select watermark from rollup_state where level = '10m')
group by 1, 2;

create view sensor_readings_1h as
select sensor_id, bucket, n, n_good, sum, min, max, first, last, quality
from rollup_1h where bucket < (select watermark from rollup_state where level = '1h')
union all
select sensor_id, date_bin('1 hour', bucket, '2000-01-01 00:00:00+00'), sum(n)::bigint, sum(n_good)::bigint,
       sum(sum), min(min), max(max),
       (min(array[extract(epoch from bucket)::float8, first]) filter (where n_good > 0))[2],
       (max(array[extract(epoch from bucket)::float8, last]) filter (where n_good > 0))[2], min(quality)
from sensor_readings_10m where bucket >= (select watermark from rollup_state where level = '1h')
group by 1, 2;

create view sensor_readings_1d as
select sensor_id, bucket, n, n_good, sum, min, max, first, last, quality
from rollup_1d where bucket < (select watermark from rollup_state where level = '1d')
union all
select sensor_id, date_bin('1 day', bucket, '2000-01-01 00:00:00+00'), sum(n)::bigint, sum(n_good)::bigint,
       sum(sum), min(min), max(max),
       (min(array[extract(epoch from bucket)::float8, first]) filter (where n_good > 0))[2],
       (max(array[extract(epoch from bucket)::float8, last]) filter (where n_good > 0))[2], min(quality)
from sensor_readings_1h where bucket >= (select watermark from rollup_state where level = '1d')
group by 1, 2;

-- A batch begins: readings before the returned instant (microseconds since 2000) are late. The lock makes the roll-up job
-- wait for open batches.
create function ksys_ingest_begin() returns bigint language sql as $$
  select set_config('statement_timeout', '600s', true);
  select pg_advisory_xact_lock_shared(1263754579, 1);
  select case when late_before = '-infinity' then -9223372036854775808
              else (extract(epoch from late_before - '2000-01-01 00:00:00+00') * 1000000)::bigint end
  from rollup_state where level = '1m'
$$;

grant select on sensor_readings, rollup_1m, rollup_10m, rollup_1h, rollup_1d, rollup_state,
  sensor_readings_1m, sensor_readings_10m, sensor_readings_1h, sensor_readings_1d to ksys_viewer;
grant insert, update, delete on sensor_readings, rollup_1m, rollup_10m, rollup_1h, rollup_1d, rollup_state to ksys_service;
grant select, insert, delete on rollup_late to ksys_service;
revoke execute on function ksys_ensure_partitions, ksys_drop_partitions from public;
grant execute on function ksys_ensure_partitions, ksys_drop_partitions to ksys_service;
