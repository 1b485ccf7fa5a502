// SPDX-License-Identifier: EUPL-1.2
// Attacks as rows of a table: what was tried, how often, and what answered. A row needs a control as well: somebody who may do the
// same can do it. Without one, a broker that refuses everybody would pass.
import assert from 'node:assert/strict';

// The bytes with some bits of one of them changed.
export const flipped = (bytes, at, mask = 1) => Buffer.from(bytes.map((byte, i) => (i === at ? byte ^ mask : byte)));

class Row {
  // `refusal`: the answers that refuse.
  constructor(attack, refusal) {
    Object.assign(this, { attack, refusal, tried: 0, answers: new Map(), control: null });
  }

  // One try, and what answered it.
  refused(what, answer) {
    assert.match(answer, this.refusal, `${this.attack}: ${what}`);
    this.tried += 1;
    const short = [...new Set(answer.split(' '))].join(' '); // of many answers of one kind to many requests, one
    this.answers.set(short, (this.answers.get(short) ?? 0) + 1);
  }

  allowed(what, answer, expected) {
    assert.equal(answer, expected, `${this.attack}, the control: ${what}`);
    this.control = what;
  }

  get cells() {
    const answers = [...this.answers].map(([answer, n]) => (this.answers.size === 1 ? answer : `${answer} (${n})`)).join(', ');
    return [this.attack, this.tried, answers, 'yes', this.control].map(String);
  }
}

export class AttackTable {
  constructor() {
    this.rows = [];
  }

  // A test of its own within the test `t`.
  attack(t, name, refusal, run) {
    return t.test(name, async (sub) => {
      const row = new Row(name, refusal);
      await run(row, sub);
      assert.ok(row.tried > 0 && row.control, `${name}: nothing was tried, or there is no control`);
      this.rows.push(row);
    });
  }

  print() {
    const lines = [['attack', 'tried', 'answered', 'refused', 'who may'], ...this.rows.map((row) => row.cells)];
    const widths = lines[0].map((_, column) => Math.max(...lines.map((cells) => cells[column].length)));
    return lines.map((cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`);
  }
}
