-- Readings and their roll-ups on TimescaleDB: a hypertable, and hierarchical continuous aggregates with policies.

create table sensor_readings (
  sensor_id integer not null,
  ts        timestamptz not null,
  value     double precision not null,                 -- NaN: no value, quality BAD
  quality   smallint not null,
  primary key (sensor_id, ts)
);
select create_hypertable('sensor_readings', by_range('ts', interval '1 day'), create_default_indexes => false);
alter table sensor_readings set (
  timescaledb.compress, timescaledb.compress_segmentby = 'sensor_id', timescaledb.compress_orderby = 'ts');

create materialized view sensor_readings_1m with (timescaledb.continuous, timescaledb.materialized_only = false) as
select sensor_id, time_bucket('1 minute', ts) as bucket, count(*) as n,
       count(*) filter (where quality >= 64) as n_good, sum(value) filter (where quality >= 64) as sum,
       min(value) filter (where quality >= 64) as min, max(value) filter (where quality >= 64) as max,
       first(value, ts) filter (where quality >= 64) as first, last(value, ts) filter (where quality >= 64) as last,
       min(quality) as quality
from sensor_readings group by 1, 2 with no data;

create materialized view sensor_readings_10m with (timescaledb.continuous, timescaledb.materialized_only = false) as
select sensor_id, time_bucket('10 minutes', bucket) as bucket, sum(n)::bigint as n, sum(n_good)::bigint as n_good,
       sum(sum) as sum, min(min) as min, max(max) as max, first(first, bucket) filter (where n_good > 0) as first,
       last(last, bucket) filter (where n_good > 0) as last, min(quality) as quality
from sensor_readings_1m group by 1, 2 with no data;

create materialized view sensor_readings_1h with (timescaledb.continuous, timescaledb.materialized_only = false) as
select sensor_id, time_bucket('1 hour', bucket) as bucket, sum(n)::bigint as n, sum(n_good)::bigint as n_good,
       sum(sum) as sum, min(min) as min, max(max) as max, first(first, bucket) filter (where n_good > 0) as first,
       last(last, bucket) filter (where n_good > 0) as last, min(quality) as quality
from sensor_readings_10m group by 1, 2 with no data;

create materialized view sensor_readings_1d with (timescaledb.continuous, timescaledb.materialized_only = false) as
select sensor_id, time_bucket('1 day', bucket) as bucket, sum(n)::bigint as n, sum(n_good)::bigint as n_good,
       sum(sum) as sum, min(min) as min, max(max) as max, first(first, bucket) filter (where n_good > 0) as first,
       last(last, bucket) filter (where n_good > 0) as last, min(quality) as quality
from sensor_readings_1h group by 1, 2 with no data;

-- What late readings changed is done again wherever it lies, but not where retention has dropped the readings: the
-- aggregates would be emptied there. Whoever shortens the one shortens the other.
select add_continuous_aggregate_policy('sensor_readings_1m', interval '19 years', interval '1 minute', interval '1 minute');
select add_continuous_aggregate_policy('sensor_readings_10m', interval '19 years', interval '10 minutes', interval '5 minutes');
select add_continuous_aggregate_policy('sensor_readings_1h', interval '19 years', interval '1 hour', interval '15 minutes');
select add_continuous_aggregate_policy('sensor_readings_1d', interval '19 years', interval '1 day', interval '1 hour');
-- One refresh of the whole window: cut into batches of a bucket, nineteen years never end. (The key is of 2.19.)
select alter_job(job_id, config => config || '{"buckets_per_batch": 0}') from timescaledb_information.jobs
where proc_name = 'policy_refresh_continuous_aggregate' and hypertable_name like 'sensor\_readings\__%';
select add_compression_policy('sensor_readings', interval '7 days');
select add_retention_policy('sensor_readings', interval '20 years');

-- The same functions and log as on plain PostgreSQL: chunks are made by themselves, and nothing is ever late, since
-- TimescaleDB keeps its own log of what changed. So this one stays empty.
create table rollup_late (
  late_id   bigint generated always as identity primary key,
  sensor_id integer not null,
  start     timestamptz not null,
  stop      timestamptz not null
);

create function ksys_ensure_partitions(moments timestamptz[]) returns integer language sql immutable as $$ select 0 $$;

create function ksys_drop_partitions(keep_from timestamptz) returns integer
language sql security definer set search_path = pg_catalog, public as $$
  select count(*)::integer from drop_chunks('public.sensor_readings'::regclass, older_than => keep_from)
$$;

create function ksys_ingest_begin() returns bigint language sql as $$
  select set_config('statement_timeout', '600s', true);
  select -9223372036854775808
$$;

grant select on sensor_readings, sensor_readings_1m, sensor_readings_10m, sensor_readings_1h, sensor_readings_1d
  to ksys_viewer;
grant insert, update, delete on sensor_readings to ksys_service;
grant select, insert, delete on rollup_late to ksys_service;
revoke execute on function ksys_ensure_partitions, ksys_drop_partitions from public;
grant execute on function ksys_ensure_partitions, ksys_drop_partitions to ksys_service;
