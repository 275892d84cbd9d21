import type { Key, ReactNode } from "react";
import { classes } from "./classes";

export interface Column<Row> {
  title: string;
  cell: (row: Row) => ReactNode;
  /** Figures stand at the right. */
  figure?: boolean;
  /** Left out on narrow screens. */
  wide?: boolean;
}

interface TableProps<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => Key;
}

export function Table<Row>({ label, columns, rows, rowKey }: TableProps<Row>) {
  return (
    <table aria-label={label} className="w-full border-separate border-spacing-0 text-xs tabular-nums">
      <thead className="sticky top-0 bg-panel">
        <tr>
          {columns.map((column) => (
            <th
              key={column.title}
              scope="col"
              className={classes(
                "h-8 px-1.5 font-normal first:pl-3 last:pr-3 md:px-3 whitespace-nowrap text-muted",
                column.figure ? "text-right" : "text-left",
                column.wide && "hidden md:table-cell",
              )}
            >
              {column.title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={rowKey(row)} className="hover:bg-raised">
            {columns.map((column) => (
              <td
                key={column.title}
                className={classes(
                  "h-9 px-1.5 whitespace-nowrap first:pl-3 last:pr-3 md:px-3",
                  column.figure && "text-right",
                  column.wide && "hidden md:table-cell",
                )}
              >
                {column.cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
