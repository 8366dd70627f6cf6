-- A message belongs to the entry of the journal that made its alarm unacknowledged: an alarm that comes back into service or
-- whose acknowledgement is withdrawn is told anew, though its occurrence is the same.
alter table notifications add column event_id bigint; -- null: a test, or of an occurrence that is over

-- Looked up for every unacknowledged alarm every few seconds.
create index alarm_events_sounded on alarm_events (alarm_id, occurrence, event_id desc)
 where isa_to in ('UNACK', 'LUNACK') and kind in ('ACT', 'RALM', 'SHLVEND', 'UNSUPR', 'INSRV', 'UNACK');

-- What is told already is not told again because of this step.
update notifications n set event_id = (
  select b.event_id from alarm_events b
   where b.alarm_id = a.alarm_id and b.occurrence = a.occurrence and b.isa_to in ('UNACK', 'LUNACK')
     and b.kind in ('ACT', 'RALM', 'SHLVEND', 'UNSUPR', 'INSRV', 'UNACK')
   order by b.event_id desc limit 1)
  from alarms a
 where a.alarm_id = n.alarm_id and a.occurrence = n.occurrence and a.isa_state in ('UNACK', 'LUNACK');

alter table notifications drop constraint notifications_route_id_alarm_id_occurrence_key;
alter table notifications add unique (route_id, alarm_id, event_id);
