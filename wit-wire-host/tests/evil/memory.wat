;; Takes all the memory it can get: a page at a time, all at once, to just the limit (64 pages of 64 KiB in these tests) and one
;; more, as often as it can.
(func $evil:page_by_page (loop $more (drop (memory.grow (i32.const 1))) (br $more)))
(func $evil:all_at_once (drop (memory.grow (i32.const 65535))))
(func $evil:most_at_once (drop (memory.grow (i32.const 0x7fff))))
;; What can't be addressed is refused by the instruction itself.
(func $evil:more_than_there_is
  (if (i32.ne (memory.grow (i32.const -1)) (i32.const -1)) (then unreachable)))
(func $evil:to_the_limit
  (if (i32.eq (memory.size) (i32.const 64)) (then (return)))
  (if (i32.ne (memory.grow (i32.const 63)) (i32.const 1)) (then unreachable))
  (memory.fill (i32.const 4096) (i32.const 0xff) (i32.const 4190208)))
(func $evil:one_beyond_the_limit
  (drop (memory.grow (i32.const 63)))
  (drop (memory.grow (i32.const 1))))
