-- Half widths of conformal bounds per model and step, from the newest matured errors; renewed by the job that matches actuals.

create table forecast_calibration (
  model_id    integer not null references trained_models on delete cascade,
  step        integer not null check (step >= 1),
  n           integer not null check (n > 0),                    -- errors they come from
  half80      double precision not null check (half80 >= 0),
  half95      double precision not null check (half95 >= half80),
  computed_at timestamptz not null default now(),
  primary key (model_id, step)
);

grant select on forecast_calibration to ksys_viewer;
grant insert, update, delete on forecast_calibration to ksys_service;
