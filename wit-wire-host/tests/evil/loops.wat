;; Never comes back: an empty loop, one that calls, one that writes all of its memory again and again, and recursion that is
;; not deep but wide.
(func $evil:empty (loop $for_ever (br $for_ever)))

(func $nothing)
(func $evil:calling (loop $for_ever (call $nothing) (br $for_ever)))

(func $evil:writing
  (loop $for_ever
    (memory.fill (i32.const 8192) (i32.const 0xff) (i32.const 57344))
    (br $for_ever)))

;; 2^40 calls, 40 deep.
(func $branch (param $depth i32)
  (if (i32.eqz (local.get $depth)) (then (return)))
  (call $branch (i32.sub (local.get $depth) (i32.const 1)))
  (call $branch (i32.sub (local.get $depth) (i32.const 1))))
(func $evil:branching (call $branch (i32.const 40)))
