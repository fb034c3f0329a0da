-- The questions are written in SQL that runs elsewhere too, where this type is named so.
create domain report.double as double precision;
comment on domain report.double is 'A binary floating-point number of eight bytes.';
