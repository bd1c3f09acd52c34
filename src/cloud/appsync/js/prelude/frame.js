(function (native) {
  'use strict';
  const Pattern = RegExp;
  const Reflect = globalThis.Reflect;
  const Symbol = globalThis.Symbol;
  const parse = JSON.parse;
  const stringify = JSON.stringify;
  globalThis.console = { log: native.log, error: native.log, warn: native.log, info: native.log, debug: native.log };
  // PARTS
  seal();
  return driver;
})
