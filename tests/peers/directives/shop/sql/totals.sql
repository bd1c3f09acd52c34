select day, sum(amount) as amount from sales.days where day >= :from and state = any(:states) group by day
