select placed_at::date as day, sum(amount) as amount
from sales.orders
join "Line" on order_id = id
where placed_at >= :from and state in (:states)
group by 1
