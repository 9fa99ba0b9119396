import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A fresh folder, gone after the test. */
export async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-users-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A users file with this text in a fresh folder. */
export async function fileWith(text: string, name = 'users.yaml'): Promise<string> {
  const path = join(await freshFolder(), name)
  await writeFile(path, text, { mode: 0o640 })
  return path
}
