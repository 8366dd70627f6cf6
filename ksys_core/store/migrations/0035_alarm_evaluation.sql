-- When the alarms were last evaluated: the alarm job says so after each pass. Screens compare it with the clock of the
-- database, for without evaluation no alarm comes, and an empty list would look like a quiet plant.

create table alarm_evaluation (
  only_row     boolean primary key default true check (only_row),
  evaluated_at timestamptz not null,
  next_at      timestamptz not null
);

grant select on alarm_evaluation to ksys_viewer;
grant insert, update on alarm_evaluation to ksys_service;
