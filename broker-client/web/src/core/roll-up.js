// SPDX-License-Identifier: EUPL-1.2
// Rolls up figures of domains of 2017 to the domains of 2013. One way only: what was counted as one domain of 2013 cannot be
// taken apart again.

// The code on the older list: where the domain rolls up to, or itself.
export const rollsUpTo = (domains, code) => domains.find((domain) => domain.code === code)?.rolls_up_to || code;

// [{domain, answered, referred}] of a summary, summed onto the older list, in the catalogue's order (unknown codes last).
export function rollUp(cells, domains) {
  const sums = new Map();
  for (const { domain, answered, referred } of cells) {
    const code = rollsUpTo(domains, domain);
    const sum = sums.get(code) ?? { domain: code, answered: 0, referred: 0 };
    sums.set(code, { domain: code, answered: sum.answered + answered, referred: sum.referred + referred });
  }
  const place = (code) => {
    const at = domains.findIndex((domain) => domain.code === code);
    return at < 0 ? domains.length + code : at;
  };
  return [...sums.values()].sort((a, b) => place(a.domain) - place(b.domain));
}
