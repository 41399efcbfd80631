;; Grows tables, whose entries are pointers on the host: one by one, at once, and several of them.
(table $first 1 funcref)
(table $second 1 funcref)
(table $bounded 1 10 funcref)
(func $evil:one_by_one (loop $more (drop (table.grow $first (ref.null func) (i32.const 16))) (br $more)))
(func $evil:all_at_once (drop (table.grow $first (ref.null func) (i32.const -2))))
(func $evil:in_turns
  (loop $more
    (drop (table.grow $first (ref.null func) (i32.const 1000)))
    (drop (table.grow $second (ref.null func) (i32.const 1000)))
    (br $more)))
;; Beyond what the guest itself declared is refused by the instruction.
(func $evil:beyond_its_own_maximum
  (if (i32.ne (table.grow $bounded (ref.null func) (i32.const 10)) (i32.const -1)) (then unreachable)))
