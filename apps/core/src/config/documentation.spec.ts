import { getMetadataStorage } from 'class-validator';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  FilterConfig,
  HubConfig,
  MetricsConfig,
  OperatorConfig,
  RetentionConfig,
  RuleConfig,
  ServerConfig,
  TargetConfig,
} from './hub-config';
import { loadConfig } from './load-config';

const text = readFileSync(join(__dirname, '../../../../docs/configuration.md'), 'utf8');

describe('docs/configuration.md', () => {
  it.each([
    HubConfig,
    MetricsConfig,
    RetentionConfig,
    OperatorConfig,
    ServerConfig,
    RuleConfig,
    FilterConfig,
    TargetConfig,
  ])('has a row for every field of %p', (type) => {
    const fields = new Set(
      getMetadataStorage()
        .getTargetValidationMetadatas(type, '', false, false)
        .map(({ propertyName }) => propertyName),
    );
    expect(fields.size).toBeGreaterThan(0);
    expect([...fields].filter((field) => !text.includes(`\n| \`${field}\``))).toEqual([]);
  });

  const examples = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, example]) => example ?? '');

  it.each(examples.map((example, index) => [index + 1, example]))('has an example %i that works', (_, example) => {
    const folder = mkdtempSync(join(tmpdir(), 'opr-connect-docs-'));
    try {
      const configFile = join(folder, 'opr-connect.yaml');
      writeFileSync(configFile, String(example));
      const variables = { A_OPERATOR: 'a', P1: 'p1', P2: 'p2' };
      expect(loadConfig({ configFile, variables }).hubId).toMatch(/^(my|demo)-/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
