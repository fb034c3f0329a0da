-- One row per named rule, in words.
select
    r.rule,
    r.nature,
    r.sentence
from api.rules as r
order by r.rule;
