/** The public surface of `holdfast/import`. */
export type {
  Imported,
  ImportedRecord,
  ImportedValue,
  ImportRequest,
  ImportTransport,
} from './import-transport.ts'
