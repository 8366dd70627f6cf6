-- An index for each filter of the alarm journal, in the order in which it is read: each value's newest entries are found
-- at once, however rare they are among millions.

create index alarm_events_tag on alarm_events (tag, source_ts desc, event_id desc);
create index alarm_events_area on alarm_events (area, source_ts desc, event_id desc);
create index alarm_events_actor on alarm_events (actor, source_ts desc, event_id desc);
create index alarm_events_kind on alarm_events (kind, source_ts desc, event_id desc);
create index alarm_events_alarm_kind on alarm_events (alarm_kind, source_ts desc, event_id desc);
create index alarm_events_priority on alarm_events (priority, source_ts desc, event_id desc);
-- Entries with words of a person: few among those of the process.
create index alarm_events_written on alarm_events (source_ts desc, event_id desc) where reason <> '' or station <> '';
