-- Times in which alarms of groups were active, over by now: with them what turns out later to have happened in between
-- still finds which alarm of its group was the first. Only the newest are kept; see `ksys_core.domain.alarms.groups`.
create table alarm_spells (
  alarm_id    integer not null references alarms on delete cascade, -- who was active first in it
  active_from timestamptz not null,
  active_to   timestamptz not null,
  check (active_from <= active_to)
);
create index alarm_spells_alarm on alarm_spells (alarm_id);
grant select, insert, delete on alarm_spells to ksys_service;
