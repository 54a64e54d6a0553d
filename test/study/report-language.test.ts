/** The language of a study's report: what the study file says, unless it is asked for another. */
import { describe, expect, it } from 'vitest';
import { renderReport } from '../../src/report/page.js';
import { studyConfig } from '../../src/study/config-file.js';
import { reportData } from '../../src/study/report.js';
import type { StoredStudy } from '../../src/study/stored-study.js';
import { STUDY_VERSION } from '../../src/study/study-record.js';

/** A study whose runs are still to come, as its folder keeps it. */
function stored(given: { language?: 'en' | 'zh' }): StoredStudy {
  const config = studyConfig({
    name: 'levels',
    datasets: { articles: { world: { kind: 'articles', seed: 1 }, items: 4 } },
    grid: [{ dataset: 'articles', book: 'open', levels: ['original'], ranks: [4] }],
    ...given,
  });
  return {
    folder: 'nowhere',
    record: {
      ...{ version: STUDY_VERSION, command: 'lightmem study run levels.yaml', name: config.name },
      config: JSON.parse(JSON.stringify(config)) as StoredStudy['record']['config'],
      ...{ judge: 'exact', model: { name: 'base', identity: 'a1' }, tokenizer: 'b2', template: null, runs: [] },
    },
    ...{ runs: [], audits: [] },
  };
}

describe('the report of a study', () => {
  it('is English unless the study file says otherwise', () => {
    const data = reportData(stored({}));
    expect(data).toMatchObject({ language: 'en', title: 'lightmem study: levels' });
    expect(renderReport(data)).toContain('No trained run has a scored answer yet');
  });

  it('is Chinese where the study file says so, or where it is asked for', () => {
    for (const data of [reportData(stored({ language: 'zh' })), reportData(stored({}), 'zh')]) {
      expect(data).toMatchObject({ language: 'zh', title: 'lightmem 研究：levels' });
      expect(renderReport(data)).toContain('还没有任何训练过的运行得到评分');
    }
    expect(reportData(stored({ language: 'zh' }), 'en').language).toBe('en');
  });
});
