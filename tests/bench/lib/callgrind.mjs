// SPDX-License-Identifier: EUPL-1.2
// Reads what callgrind writes: for each function its own instructions, and for each call from one function to another how
// often it was made and how many instructions it took in all (https://valgrind.org/docs/manual/cl-format.html).
import { readFileSync } from 'node:fs';

// Callgrind gives a name in full once, "(7) main", and later as "(7)".
function names() {
  const known = new Map();
  return (text) => {
    const [, number, name] = text.match(/^\((\d+)\)(?: (.*))?$/);
    if (name !== undefined) known.set(number, name);
    return known.get(number);
  };
}

// A list of functions { name, object, own, callers: Map(function, { calls, instructions }) }.
export function readCallgrind(path) {
  const functions = new Map();
  const find = (object, name) => {
    const key = `${object} ${name}`;
    if (!functions.has(key)) functions.set(key, { object, name, own: 0, callers: new Map() });
    return functions.get(key);
  };
  const objectName = names(), functionName = names();
  let object, running, calledObject, called, calls = 0;
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const [, key, value] = line.match(/^(ob|fn|cob|cfn|calls)=(.*)$/) ?? [];
    if (key === 'ob') object = objectName(value);
    else if (key === 'fn') running = find(object, functionName(value));
    else if (key === 'cob') calledObject = objectName(value);
    else if (key === 'cfn') called = find(calledObject ?? object, functionName(value));
    else if (key === 'calls') calls = parseInt(value, 10);
    else if (/^[\d+*-]/.test(line)) {
      const instructions = Number(line.split(' ')[1]);
      if (calls === 0) {
        running.own += instructions;
        continue;
      }
      const call = called.callers.get(running) ?? { calls: 0, instructions: 0 };
      called.callers.set(running, { calls: call.calls + calls, instructions: call.instructions + instructions });
      calls = 0;
      calledObject = undefined;
    }
  }
  return [...functions.values()];
}

// Divides the functions' own instructions among parts. partOf(function) names the part that begins with this function.
// The instructions of any other function go to the parts that call it, in proportion to what the calls took. Returns a
// map from part (undefined: no part calls it) to a list of { function, instructions }.
export function divide(functions, partOf) {
  const shares = new Map();
  const others = [];
  for (const one of functions) {
    const part = partOf(one);
    if (part) shares.set(one, new Map([[part, 1]]));
    else others.push(one);
  }
  for (let round = 0; round < 64; round++) for (const one of others) shares.set(one, shareOfCallers(one, shares));
  const parts = new Map();
  const give = (part, one, instructions) => parts.set(part, [...(parts.get(part) ?? []), { one, instructions }]);
  for (const one of functions) {
    let left = one.own;
    for (const [part, share] of shares.get(one)) {
      give(part, one, one.own * share);
      left -= one.own * share;
    }
    if (left > 0) give(undefined, one, left);
  }
  return parts;
}

function shareOfCallers(one, shares) {
  const callers = [...one.callers].filter(([caller]) => caller !== one);
  const all = callers.reduce((sum, [, { instructions }]) => sum + instructions, 0);
  const mine = new Map();
  for (const [caller, { instructions }] of callers) {
    for (const [part, share] of shares.get(caller) ?? []) mine.set(part, (mine.get(part) ?? 0) + (share * instructions) / all);
  }
  return mine;
}
