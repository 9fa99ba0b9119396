// What failed, by name and with its message: a log is often read from its end, and only there. Plain JavaScript, for Node 18.
import { relative } from 'node:path'

const lines = 12

/** What failed in a report of Vitest, each as a few lines. */
export function ofVitest(report, root) {
  return (report.testResults ?? []).flatMap((file) => {
    const name = relative(root, file.name)
    const failed = (file.assertionResults ?? []).filter((test) => test.status === 'failed')
    // A file that could not be loaded has no tests to fail.
    if (failed.length === 0 && file.status === 'failed') return [entry(name, file.message)]
    return failed.map((test) => entry(`${name} > ${test.fullName}`, test.failureMessages?.[0]))
  })
}

/** What failed in what pytest printed: the lines of its own summary. */
export function ofPytest(output) {
  return output.split('\n').filter((line) => /^(FAILED|ERROR) /.test(line))
}

function entry(name, message = '') {
  const shown = message
    .split('\n')
    .filter((line) => !line.includes('node_modules'))
    .slice(0, lines)
  return [name, ...shown].join('\n    ')
}
