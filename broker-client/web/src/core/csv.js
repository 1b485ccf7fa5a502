// SPDX-License-Identifier: EUPL-1.2
// Tables as text that opens right in Excel: with semicolons for a Dutch one, with commas for an English one. UTF-8 with
// a byte order mark, lines end in CR LF, and no cell can be taken for a formula.

export const forms = { nl: { separator: ';', decimal: ',' }, en: { separator: ',', decimal: '.' } };

// A spreadsheet runs what begins so as a formula, also after blanks; the same rule as is_formula in aggregator/csv.c.
const isFormula = (text) => /^[\t\r\n]|^[ \t\r\n\v\f]*[=+\-@|\uff1d\uff0b\uff0d\uff20]/.test(text);

// A leading apostrophe keeps it text.
export const guard = (text) => (isFormula(text) ? `'${text}` : text);

function cell(value, { separator, decimal }) {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value).replace('.', decimal);
  const text = guard(String(value));
  return text.includes(separator) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// Rows are arrays of texts and numbers; null is an empty cell (which is not 0).
export function csv(rows, language = 'nl') {
  const form = forms[language];
  return `\ufeff${rows.map((row) => `${row.map((value) => cell(value, form)).join(form.separator)}\r\n`).join('')}`;
}

// The same for the clipboard: tabs between cells, which every spreadsheet takes.
export const tsv = (rows, language = 'nl') =>
  rows.map((row) => row.map((value) => cell(value, { separator: '\t', decimal: forms[language].decimal })).join('\t')).join('\n');
