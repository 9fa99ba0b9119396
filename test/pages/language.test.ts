import { describe, expect, it } from 'vitest'
import { textsFor } from '../../src/pages/language.ts'
import { processorTime } from '../processor-time.ts'

const languageFor = (header: string | undefined): string => textsFor(header).language

describe('textsFor', () => {
  it('takes the language that is liked best among ours', () => {
    expect(languageFor('en')).toBe('en')
    expect(languageFor('zh-CN,zh;q=0.9,en;q=0.8')).toBe('zh-Hans')
    expect(languageFor('en;q=0.5, zh;q=0.6')).toBe('zh-Hans')
    expect(languageFor('en;q=0.7, zh;q=0.6')).toBe('en')
    expect(languageFor('en, zh')).toBe('en')
    expect(languageFor('fr-FR, fr;q=0.9, zh-TW;q=0.2')).toBe('zh-Hans')
    expect(languageFor('ZH-hans-CN')).toBe('zh-Hans')
  })

  it('falls back to English', () => {
    for (const header of [
      undefined,
      '',
      '*',
      'fr',
      'zh;q=0',
      'zh;q=x',
      'zh;q=-1',
      'zh;q=2',
      'zhx',
      ',;,',
      '__proto__',
    ]) {
      expect(languageFor(header), header).toBe('en')
    }
  })

  it('reads no more of a header than a person has languages', async () => {
    expect(languageFor(`${'fr,'.repeat(16)}zh`)).toBe('en')
    expect(await processorTime(() => languageFor('zh;q=0;'.repeat(100_000)))).toBeLessThan(200)
  })
})
