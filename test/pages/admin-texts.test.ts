import { expect, it } from 'vitest'
import { auditActions } from '../../src/gateway/audit.ts'
import { en } from '../../src/pages/texts/en.ts'
import { zh } from '../../src/pages/texts/zh.ts'

it('every action of the audit log has words in every language', () => {
  for (const { admin } of [en, zh])
    expect(Object.keys(admin.actions).sort()).toEqual([...auditActions].sort())
})
