-- The requests of benches/graphql.mjs, for wrk. FIGURE says which, KEY is the API key; a faulty answer is told once.

local fields = "id title createdAt"
local items = 100
local sent = 0

local bodies = {
  getTodo = function()
    return '{"query":"query Get($id: ID!) { getTodo(id: $id) { ' .. fields .. ' } }","variables":{"id":"todo-' .. (sent % items) .. '"}}'
  end,
  createTodo = function()
    return '{"query":"mutation Create($input: CreateTodoInput!) { createTodo(input: $input) { '
      .. fields .. ' } }","variables":{"input":{"title":"new ' .. sent .. '"}}}'
  end,
  listTodos = function()
    return '{"query":"query List($limit: Int) { listTodos(limit: $limit) { items { '
      .. fields .. ' } nextToken } }","variables":{"limit":' .. items .. '}}'
  end,
}

local body = bodies[os.getenv("FIGURE")]
local headers = { ["content-type"] = "application/json", ["x-api-key"] = os.getenv("KEY") }
local told = false

function request()
  sent = sent + 1
  return wrk.format("POST", nil, headers, body())
end

function response(status, _, answer)
  local good = status == 200 and not answer:find('"errors"', 1, true) and not answer:find('Todo":null', 1, true)
  if not good and not told then
    told = true
    print("FAULTY " .. status .. " " .. answer:sub(1, 200))
  end
end

function done(summary, latency)
  print(string.format("RESULT %f %f", summary.requests / summary.duration * 1e6, latency:percentile(99) / 1000))
end
