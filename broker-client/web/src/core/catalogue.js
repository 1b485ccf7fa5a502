// SPDX-License-Identifier: EUPL-1.2
// What of a catalogue holds on a day. valid_until itself is outside; 0 is an open end.
import { LabelKind, Outcome } from './messages.js';

export const validOn = ({ valid_from, valid_until }, day) => day >= valid_from && (valid_until === 0 || day < valid_until);

export const teamsOn = (catalogue, day) => catalogue.teams.filter((team) => validOn(team, day));
export const domainsOn = (catalogue, day) => catalogue.domains.filter((domain) => validOn(domain, day));

// The labels that a question on `domain` may bear that day.
export const labelsOn = (catalogue, day, domain) =>
  catalogue.labels.filter((label) => validOn(label, day) && (label.domain === 0 || label.domain === domain));

// The labels that one question may have. Only a question that was referred may have a label that says where.
export const labelsFor = (catalogue, { day, domain, outcome }) =>
  labelsOn(catalogue, day, domain).filter(({ kind }) => kind !== LabelKind.LABEL_REFERRED_TO || outcome === Outcome.OUTCOME_REFERRED);

const nameIn = (list, key, value) => list.find((entry) => entry[key] === value)?.name;

export const teamName = (catalogue, id) => nameIn(catalogue?.teams ?? [], 'id', id) ?? id;
export const domainName = (catalogue, code) => nameIn(catalogue?.domains ?? [], 'code', code) ?? String(code);
export const labelName = (catalogue, code) => nameIn(catalogue?.labels ?? [], 'code', code) ?? String(code);
