import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openUsersFile, type UsersFile } from '../../src/auth/users-file.ts'

let folder: string
let file: string
let users: UsersFile

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-marks-'))
  file = join(folder, 'users.yaml')
  users = await openUsersFile(file, { create: true })
  await users.add('anna', { password: 'a wide enough bay', roles: ['admin'] })
  await users.add('ben', { password: 'a wide enough bay' })
})
afterEach(async () => {
  await users.close()
  await rm(folder, { recursive: true, force: true })
})

/** What an edit made while nobody follows the file looks like to the next who opens it. */
async function changesAfter(edit: (file: UsersFile) => Promise<unknown>): Promise<readonly string[]> {
  const marks = JSON.parse(JSON.stringify(users.marks()))
  await edit(users)
  await users.close()
  users = await openUsersFile(file)
  return users.changesSince(marks).map(({ userId, kind }) => `${userId} ${kind}`)
}

describe('marks', () => {
  it('say nothing of a file that stayed as it was', async () => {
    expect(await changesAfter(async () => {})).toEqual([])
  })

  it('tell who was removed, disabled, or given another password or other roles', async () => {
    expect(await changesAfter((file) => file.remove('ben'))).toEqual(['ben removed'])
    expect(await changesAfter((file) => file.setDisabled('anna', true))).toEqual(['anna disabled'])
    expect(await changesAfter((file) => file.setPassword('anna', 'a wider bay still'))).toEqual([
      'anna password',
    ])
    expect(await changesAfter((file) => file.setRoles('anna', []))).toEqual(['anna roles'])
  })

  it('tell nothing of somebody who was added', async () => {
    expect(await changesAfter((file) => file.add('cleo', { password: 'a wide enough bay' }))).toEqual([])
  })

  it('are read without trust in their shape', () => {
    expect(users.changesSince('nonsense')).toEqual([])
    expect(users.changesSince({ anna: 7, gone: null }).map(({ userId }) => userId)).toContain('gone')
  })

  it('of a file that cannot be read are not taken for nobody', async () => {
    const marks = users.marks()
    await users.close()
    await writeFile(file, 'users: [broken')
    await expect(openUsersFile(file)).rejects.toMatchObject({ code: 'ERR_USERS_INVALID' })
    await writeFile(file, 'users: {}')
    users = await openUsersFile(file)
    expect(users.changesSince(marks).map(({ userId, kind }) => `${userId} ${kind}`)).toEqual([
      'anna removed',
      'ben removed',
    ])
  })
})
