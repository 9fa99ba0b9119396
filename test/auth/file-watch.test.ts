import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fileSignature, watchFile } from '../../src/auth/file-watch.ts'
import { freshFolder } from './folder.ts'

function looked(path: string, pollEvery: number): Promise<void> {
  return new Promise((resolve) => {
    const watch = watchFile(path, pollEvery, resolve)
    onTestFinished(() => watch.close())
  })
}

describe('watchFile', () => {
  it('looks where the system cannot tell of changes, a folder that is not there yet', async () => {
    await looked(join(await freshFolder(), 'later', 'users.yaml'), 0.01)
  })

  it('is told at once of a file written, and of one moved into place', async () => {
    const folder = await freshFolder()
    const path = join(folder, 'users.yaml')
    const written = looked(path, 3600)
    await writeFile(path, 'users: {}\n')
    await written
    const moved = looked(path, 3600)
    await writeFile(join(folder, 'new.yaml'), 'users: {}\n')
    await rename(join(folder, 'new.yaml'), path)
    await moved
  })
})

describe('fileSignature', () => {
  it('differs after any change, also of the same length, and when the file is gone', async () => {
    const folder = await freshFolder()
    const path = join(folder, 'users.yaml')
    const seen = [await fileSignature(path)]
    for (const text of ['users: {}', 'users: []']) {
      await writeFile(path, text)
      seen.push(await fileSignature(path))
    }
    await writeFile(`${path}.new`, 'users: []')
    await rename(`${path}.new`, path)
    seen.push(await fileSignature(path))
    await mkdir(join(folder, 'elsewhere'))
    await rename(path, join(folder, 'elsewhere', 'users.yaml'))
    expect(new Set(seen).size).toBe(4)
    expect(await fileSignature(path)).toBe(seen[0])
  })
})
