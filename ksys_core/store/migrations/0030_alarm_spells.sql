-- Times in which alarms of groups were active, over by now: with them what turns out later to have happened in between
-- still finds which alarm of its group was the first. Only the newest are kept; see `ksys_core.domain.alarms.groups`.
create table alarm_spells (
  alarm_id    integer not null,                      -- who was active first in it
  active_from timestamptz not null,
  active_to   timestamptz not null,
  check (active_from <= active_to)
);
create index alarm_spells_alarm on alarm_spells (alarm_id);
grant select, insert, delete on alarm_spells to ksys_service;

-- No foreign key: its check would lock alarms that the evaluator has not locked in order, against operators who have.
create function alarm_traces_end() returns trigger
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  delete from alarm_spells where alarm_id in (select alarm_id from gone);
  return null;
end $$;
revoke execute on function alarm_traces_end from public;
create trigger alarm_traces_end after delete on alarms referencing old table as gone for each statement execute function alarm_traces_end();
