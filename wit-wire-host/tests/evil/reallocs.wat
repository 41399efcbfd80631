;; cabi_realloc lies about where there is room for what the host hands over.
(func $lie (param $at i32)
  (i32.store (i32.const 52) (i32.const 1))
  (i32.store (i32.const 56) (local.get $at)))
(func $evil:zero (call $lie (i32.const 0)))
(func $evil:unaligned (call $lie (i32.const 4097)))
(func $evil:beyond (call $lie (i32.const 0x7ffffff0)))
;; The end of what an instance may have, of which its guest sees one page.
(func $evil:last_byte (call $lie (i32.const 4194303)))
(func $evil:first_byte_beyond (call $lie (i32.const 4194304)))
(func $evil:minus_one (call $lie (i32.const -1)))
;; All that the host hands over lies in one place.
(func $evil:same_twice (call $lie (i32.const 4096)))
;; Over the lie itself, and over the answer.
(func $evil:over_itself (call $lie (i32.const 48)))
(func $evil:over_the_answer (call $lie (i32.const 64)))
