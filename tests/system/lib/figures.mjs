// SPDX-License-Identifier: EUPL-1.2
// Published and expected figures in one shape, to be compared.

// { 'oost/2019-Q4': { answered, referred, domains: { 1: [answered, referred], … } } }, zeros spelled out.
export function expectedFigures({ counts }, codes) {
  const figures = {};
  for (const [team, periods] of Object.entries(counts)) {
    for (const [period, { answered, referred, domains }] of Object.entries(periods)) {
      const cell = (code) => [domains[code]?.answered ?? 0, domains[code]?.referred ?? 0];
      figures[`${team}/${period}`] = { answered, referred, domains: Object.fromEntries(codes.map((code) => [code, cell(code)])) };
    }
  }
  return figures;
}

// A summary, from whichever source, in the same shape.
function figuresOf(summary) {
  const domains = Object.fromEntries(summary.domains.map(({ domain, answered, referred }) => [domain, [answered, referred]]));
  return { answered: summary.answered, referred: summary.referred, domains };
}

// The newest summaries on the topics of one tree, decoded.
export function published(screen, stack, tree, parse) {
  const prefix = stack.topic(`${tree}/`);
  const newest = new Map();
  for (const { topic, payload } of screen.messages) {
    if (topic.startsWith(prefix)) newest.set(topic.slice(prefix.length), payload);
  }
  return Object.fromEntries([...newest].map(([name, payload]) => [name, parse(payload)]));
}

export const shapes = (summaries) => Object.fromEntries(Object.entries(summaries).map(([name, summary]) => [name, figuresOf(summary)]));
