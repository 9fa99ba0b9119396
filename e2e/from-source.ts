/** For `node --import`: an app that imports the package gets it as it lies here, whatever was built last. */
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const root = new URL('../', import.meta.url)
const { exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  exports: Readonly<Record<string, { readonly default: string }>>
}

registerHooks({
  resolve(specifier, context, next) {
    const built = /^holdfast(\/|$)/.test(specifier) ? exports[specifier.replace('holdfast', '.')] : undefined
    if (built === undefined) return next(specifier, context)
    const source = built.default.replace('./dist/', 'src/').replace(/js$/, 'ts')
    return next(new URL(source, root).href, context)
  },
})
