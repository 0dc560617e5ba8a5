import { describe, expect, test } from 'vitest';
import { EventAdmission } from '../../src/functions/event-admission.ts';

const at = (seconds: number): string => new Date(Date.UTC(2026, 10, 22, 10, 0, seconds)).toISOString();
/** How many of so many secrets are admitted, whose events came at these seconds. */
const admitted = (admission: EventAdmission, cameAt: (index: number) => number, count = 20): number =>
  Array.from({ length: count }, (_, index) => admission.admits('contoso-kv', `secret-${index}`, at(cameAt(index)))).filter(Boolean).length;

describe('EventAdmission', () => {
  test('admits ten secrets of a vault in ten seconds, each as often as it comes', () => {
    const admission = new EventAdmission();
    expect(admitted(admission, () => 0)).toBe(10);
    expect(admitted(admission, () => 9)).toBe(10);
    expect(admission.admits('contoso-kv', 'another', at(9))).toBe(false);
    expect(admission.admits('other-kv', 'another', at(9))).toBe(true);
    expect(admission.admits('contoso-kv', 'another', at(10))).toBe(true);
  });

  test('admits no more when events that came earlier ask later', () => {
    expect(admitted(new EventAdmission(), (index) => 40 - index)).toBe(10);
  });

  test('begins anew when the clock was put back', () => {
    const admission = new EventAdmission();
    admitted(admission, () => 0);
    expect(admission.admits('contoso-kv', 'another', at(-3_600))).toBe(true);
  });
});
