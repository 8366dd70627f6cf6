-- No query needs it: what counts annunciations reads alarm_events_kind (kind, source_ts) or alarm_events_told.
drop index alarm_events_annunciated;
