-- The widths of a model follow what comes true, one target time after the other: n counts these, upto is the newest.

alter table forecast_calibration add column upto timestamptz;
update forecast_calibration set upto = computed_at;
alter table forecast_calibration alter column upto set not null;
