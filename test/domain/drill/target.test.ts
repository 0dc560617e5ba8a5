import { describe, expect, test } from 'vitest';
import { type DrillFleet, type DrillSide, drillTarget } from '../../../src/domain/drill/target.ts';

const hsm = (name: string, rest: Partial<DrillSide> = {}): DrillSide => ({ name, url: `https://${name}.managedhsm.azure.net`, ...rest });
const source = hsm('contoso', { securityDomain: 'emea' });
const into = (name: string, fleet: Partial<DrillFleet<DrillSide>> = {}) =>
  drillTarget(source, name, { hsms: [source, hsm('fabrikam')], drillHsms: [hsm('drill')], ...fleet });
const refusal = (found: ReturnType<typeof into>): string => ('problem' in found ? `${found.problem.message} ${found.problem.hint}` : '');

describe('drillTarget', () => {
  test('is an HSM that is there for drills only, whatever the case of its name', () => {
    expect(into('Drill')).toEqual({ target: hsm('drill') });
  });

  test.each(['contoso', 'Fabrikam'])('is never %s, which is kept', (name) => {
    expect(refusal(into(name))).toMatch(/is an HSM that is kept: it would destroy keys there\. .*drillHsms/i);
  });

  test('is never one that is kept under another name, or is in both lists', () => {
    const alias = hsm('drill', { url: 'https://FABRIKAM.managedhsm.azure.net' });
    expect(refusal(into('drill', { drillHsms: [alias] }))).toContain('drill, which is fabrikam, an HSM that is kept');
    expect(refusal(into('fabrikam', { drillHsms: [hsm('fabrikam')] }))).toContain('is an HSM that is kept');
  });

  test('has to be configured', () => {
    expect(refusal(into('nowhere'))).toContain('nowhere, which is not configured');
  });

  test('cannot be of another security domain, as far as labels tell', () => {
    expect(refusal(into('drill', { drillHsms: [hsm('drill', { securityDomain: 'apac' })] }))).toContain(
      '(security domain emea) cannot go into drill (apac)',
    );
    expect(into('drill', { drillHsms: [hsm('drill', { securityDomain: 'emea' })] })).toHaveProperty('target');
    const unlabelled = drillTarget(hsm('contoso'), 'drill', { hsms: [], drillHsms: [hsm('drill', { securityDomain: 'apac' })] });
    expect(unlabelled).toHaveProperty('target');
  });
});
