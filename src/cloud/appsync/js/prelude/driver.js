// Runs handlers: gives each a context of its own and tells what came of it, as JSON.
// Deliberately not here: time and memory limits, which the sandbox sets from outside.

const modules = {
  '@aws-appsync/utils': { util, extensions, runtime },
  '@aws-appsync/utils/dynamodb': { ...dynamodbModule },
  '@aws-appsync/utils/rds': { ...rdsModule },
  '@aws-appsync/utils/ai': { ...aiModule },
};

const programs = {};

function outcomeOf(handler, context) {
  try {
    const value = handler(context);
    return { value: value === undefined ? null : value };
  } catch (thrown) {
    if (thrown instanceof EarlyReturn) return { value: thrown.value, early: true, end: thrown.end };
    if (thrown instanceof Refusal) return { error: thrown.problem };
    const message = isObject(thrown) && 'message' in thrown ? String(thrown.message) : String(thrown);
    const info = { codeErrors: [{ errorType: 'RUNTIME_ERROR', value: message }] };
    return { error: { message: 'Runtime Error', type: 'Code', data: null, info } };
  }
}

function driver(action, name, handlerName, text) {
  if (action === 'define') {
    programs[name] = handlerName;
    return '';
  }
  if (!Object.hasOwn(programs, name)) return '';
  const handler = programs[name]((specifier) => modules[specifier])[handlerName];
  if (typeof handler !== 'function') return '{"absent":true}';
  begin();
  const context = parse(text);
  // Stands for a result that the handler only hands on.
  if (action === 'through') context.result = {};
  const given = context.result;
  context.args = context.arguments;
  effects.authType = context.authType;
  delete context.authType;
  const outcome = outcomeOf(handler, context);
  if (action === 'through' && outcome.value === given) {
    outcome.value = null;
    outcome.through = true;
  }
  outcome.stash = context.stash;
  if (effects.appended.length > 0) outcome.appended = effects.appended;
  if (effects.filters.length > 0) outcome.filters = effects.filters;
  if (Object.keys(effects.headers).length > 0) outcome.headers = effects.headers;
  return stringify(outcome);
}

function hold(value) {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const key of Reflect.ownKeys(value)) {
    const described = Object.getOwnPropertyDescriptor(value, key);
    hold(described.value);
    hold(described.get);
    hold(described.set);
  }
  hold(Object.getPrototypeOf(value));
}

// A frozen `Object.prototype` would forbid assigning `toString` and the like to a plain object: its members become
// accessors that define the member on the object itself.
function loosen(prototype) {
  for (const key of Reflect.ownKeys(prototype)) {
    const described = Object.getOwnPropertyDescriptor(prototype, key);
    if (!('value' in described) || key === 'constructor') continue;
    Object.defineProperty(prototype, key, {
      configurable: true,
      enumerable: false,
      get: () => described.value,
      set(value) {
        Object.defineProperty(this, key, { value, writable: true, enumerable: true, configurable: true });
      },
    });
  }
}

// Nothing that makes code out of text stays reachable, and nothing shared can be changed.
function seal() {
  const makers = [function () {}, function* () {}, async function () {}, async function* () {}];
  for (const maker of makers) {
    Object.defineProperty(Object.getPrototypeOf(maker), 'constructor', { value: undefined });
  }
  for (const name of ['eval', 'Function', 'RegExp', 'Reflect', 'Symbol', 'Promise', 'queueMicrotask']) {
    delete globalThis[name];
  }
  loosen(Object.prototype);
  for (const module of Object.values(modules)) hold(module);
  hold(globalThis);
}
