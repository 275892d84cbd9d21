import * as Radix from "@radix-ui/react-slider";

interface SliderProps {
  label: string;
  /** In percent. */
  value: number;
  disabled?: boolean;
  onValue: (value: number) => void;
}

const MARKS = [0, 25, 50, 75, 100];
const FULL = 100;

/** A share from 0 to 100 percent, with quarter marks that can be pressed. */
export function Slider({ label, value, disabled = false, onValue }: SliderProps) {
  return (
    <div className="grid gap-1.5">
      <Radix.Root
        value={[Math.min(FULL, value)]}
        max={FULL}
        step={1}
        disabled={disabled}
        onValueChange={([next]) => onValue(next ?? 0)}
        className="relative flex h-4 touch-none items-center select-none data-disabled:opacity-45"
      >
        <Radix.Track className="relative h-1 flex-1 rounded-full bg-line">
          <Radix.Range className="absolute h-full rounded-full bg-brand" />
        </Radix.Track>
        <Radix.Thumb
          aria-label={label}
          className="block size-3.5 rounded-full border-2 border-brand bg-panel shadow transition-transform hover:scale-110"
        />
      </Radix.Root>
      <div className="flex justify-between text-2xs text-muted">
        {MARKS.map((mark) => (
          <button
            key={mark}
            type="button"
            disabled={disabled}
            aria-label={`${mark} percent of the available balance`}
            onClick={() => onValue(mark)}
            className="rounded hover:text-text disabled:opacity-45"
          >
            {mark} %
          </button>
        ))}
      </div>
    </div>
  );
}
