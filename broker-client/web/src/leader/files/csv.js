// SPDX-License-Identifier: EUPL-1.2
// Tables as text that opens right in Excel: with semicolons for a Dutch one, with commas for an English one. UTF-8 with
// a byte order mark, lines end in CR LF. A spreadsheet leaves every text as it is, and no integer loses a digit.

export const forms = { nl: { separator: ';', decimal: ',' }, en: { separator: ',', decimal: '.' } };

const DIGITS = 15; // that a spreadsheet keeps of a number

// A spreadsheet runs what begins so as a formula, also after blanks; the same rule as is_formula in aggregator/figures/csv_writer.c.
const isFormula = (text) => /^[\t\r\n]|^[ \t\r\n\v\f]*[=+\-@|\uff1d\uff0b\uff0d\uff20]/.test(text);

const MONTH =
  'jan(?:uari|uary)?|feb(?:ruari|ruary)?|mrt|maa(?:rt)?|mar(?:ch)?|apr(?:il)?|mei|may|june?|juni|july?|juli|aug(?:ustus|ust)?|sept?(?:ember)?|o[kc]t(?:ober)?|nov(?:ember)?|dec(?:ember)?';
// "1-4", "3/4", "mrt 1", "2E5", "10:30", "50 %", "007", "WAAR": a spreadsheet makes a date, a number or a truth of it.
const VALUE = new RegExp(`^(?=.*\\d)(?:\\d+e[+-]?\\d+|[\\d\\s.,:/+%()$€£'’-]|${MONTH}|[ap]m)+$|^(?:true|false|waar|onwaar)$`, 'i');

// A leading apostrophe keeps it text.
export const guardFormula = (text) => (isFormula(text) ? `'${text}` : text);
export const guard = (text) => (VALUE.test(text) ? `'${text}` : guardFormula(text));

// A number as a spreadsheet keeps it; an integer of more digits than that as text.
export function plainNumber(value, { decimal }) {
  const digits = String(value);
  return Number.isInteger(value) && digits.replace('-', '').length > DIGITS ? `'${digits}` : digits.replace('.', decimal);
}

// Texts, numbers, null (empty, which is not 0), or { date } for what shall be a date.
function cell(value, form) {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return plainNumber(value, form);
  if (typeof value === 'object') return value.date;
  const text = guard(value);
  return text.includes(form.separator) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// Rows are arrays of cells.
export function csv(rows, language = 'nl') {
  const form = forms[language];
  return `\ufeff${rows.map((row) => `${row.map((value) => cell(value, form)).join(form.separator)}\r\n`).join('')}`;
}

// The same for the clipboard: tabs between cells, which every spreadsheet takes.
export const tsv = (rows, language = 'nl') =>
  rows.map((row) => row.map((value) => cell(value, { separator: '\t', decimal: forms[language].decimal })).join('\t')).join('\n');
