-- Where FLAT alarms saw their value move last, saved together with the position of their tag: read again, the readings after
-- that position lead to the same, and a line that was flat before a restart stays so.
create table alarm_anchors (
  alarm_id integer primary key,
  upto     timestamptz not null,                     -- the position that it belongs to: no other counts
  ts       timestamptz not null,
  value    double precision not null
) with (fillfactor = 50);
grant select, insert, update on alarm_anchors to ksys_service;

-- As of 0030, for the same reason without a foreign key: what goes with alarms goes at once.
create or replace function alarm_traces_end() returns trigger
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  delete from alarm_spells where alarm_id in (select alarm_id from gone);
  delete from alarm_anchors where alarm_id in (select alarm_id from gone);
  return null;
end $$;
