;; Tenants that leave secrets all over their memory, and hunters that look through all of theirs. Two letters of an op's name tell
;; what its program is and what the call does.
;;   s  small                   h  hunts: answers with the number of secrets in memory, in memory that it then grows by, and in the global
;;   l  large: 600 pages        r  leaves secrets and returns      t  ... and hits `unreachable`     o  ... and loops for ever
;;   g  grown by 16 pages       b  ... and grows until it can't    m  ... and grows by a page, by many (w)   d  ... and recurses without end
;;                              v  ... and in the global too       y  leaves secrets, makes the hostcalls of its input together
;;                              n  leaves secrets and makes a hostcall `never`
;; Input that begins with 1 has them left in every page, other input in a few. What is loaded with a program that leaves
;; secrets has some too, of another kind.
;; `wit-wire:settle` makes the hostcall `settling` before it writes to 1,000 pages, and after.
(module
  (import "metatype:wit-wire/typegate-wire" "hostcall"
    (func $hostcall (param $op i32) (param $op_len i32) (param $json i32) (param $json_len i32) (param $result i32)))
  ;; More pages than are copied one by one.
  (memory (export "memory") 192)
  (data (i32.const 16) "neverwit-wire:batchsettlingnull")
  (global $heap (mut i32) (i32.const 1024))
  (global $kept (mut i64) (i64.const 0))
  ;; SECRET-C is left by calls, SECRET-I by loading. Neither stands in memory to begin with.
  (global $of_call i64 (i64.const 0x432d544552434553))
  (global $of_init i64 (i64.const 0x492d544552434553))

  (func $alloc (export "cabi_realloc")
    (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get $size)))
    (local.get $at))

  (func $end (result i32) (i32.mul (memory.size) (i32.const 65536)))

  ;; `secret` at `from` and then every `step` bytes, and in the last bytes of memory.
  (func $leave (param $secret i64) (param $at i32) (param $step i32)
    (loop $next
      (i64.store (local.get $at) (local.get $secret))
      (local.set $at (i32.add (local.get $at) (local.get $step)))
      (br_if $next (i32.lt_u (local.get $at) (i32.sub (call $end) (i32.const 8)))))
    (i64.store (i32.sub (call $end) (i32.const 8)) (local.get $secret)))

  (func $count (param $at i32) (result i32)
    (local $found i32) (local $here i64) (local $last i32)
    (local.set $last (i32.sub (call $end) (i32.const 8)))
    (loop $next
      (local.set $here (i64.load (local.get $at)))
      (if (i32.or (i64.eq (local.get $here) (global.get $of_call)) (i64.eq (local.get $here) (global.get $of_init)))
        (then (local.set $found (i32.add (local.get $found) (i32.const 1)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.le_u (local.get $at) (local.get $last))))
    (local.get $found))

  (func $hunt (result i32)
    (local $found i32) (local $before i32)
    (local.set $found (call $count (i32.const 0)))
    (local.set $before (i32.sub (call $end) (i32.const 7)))
    (if (i32.ne (memory.grow (i32.const 64)) (i32.const -1))
      (then (local.set $found (i32.add (local.get $found) (call $count (local.get $before))))))
    (i32.add (local.get $found) (i64.ne (global.get $kept) (i64.const 0))))

  ;; A number in decimal, as an answer.
  (func $told (param $number i32) (result i32)
    (local $at i32)
    (local.set $at (i32.const 512))
    (loop $digit
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.rem_u (local.get $number) (i32.const 10))))
      (local.set $number (i32.div_u (local.get $number) (i32.const 10)))
      (br_if $digit (local.get $number)))
    (call $ok (local.get $at) (i32.sub (i32.const 512) (local.get $at))))

  (func $ok (param $text i32) (param $len i32) (result i32)
    (i32.store (i32.const 64) (i32.const 0))
    (i32.store (i32.const 68) (local.get $text))
    (i32.store (i32.const 72) (local.get $len))
    (i32.const 64))

  (func (export "metatype:wit-wire/mat-wire#init")
    (param $ops i32) (param $ops_len i32) (param $version i32) (param $version_len i32) (result i32)
    (local $name i32) (local $at i32)
    (local.set $name (i32.load (local.get $ops)))
    (if (i32.eq (i32.load8_u (local.get $name)) (i32.const 103)) ;; g
      (then (drop (memory.grow (i32.const 16)))))
    (if (i32.eq (i32.load8_u (local.get $name)) (i32.const 108)) ;; l
      (then
        (local.set $at (i32.const 131072))
        (loop $page
          (i32.store (i32.add (local.get $at) (i32.const 40)) (local.get $at))
          (local.set $at (i32.add (local.get $at) (i32.const 4096)))
          (br_if $page (i32.lt_u (local.get $at) (i32.const 2588672))))))
    (if (i32.ne (i32.load8_u offset=1 (local.get $name)) (i32.const 104)) ;; not h
      (then (call $leave (global.get $of_init) (i32.const 70000) (i32.const 900001))))
    (i32.store (i32.const 64) (i32.const 0))
    (i32.store (i32.const 68) (i32.const 1))
    (i32.const 64))

  (func $recurse (param i32) (result i32)
    (i32.add (i32.const 1) (call $recurse (i32.add (local.get 0) (i32.const 1)))))

  (func (export "metatype:wit-wire/mat-wire#handle")
    (param $op i32) (param $op_len i32) (param $json i32) (param $json_len i32) (result i32)
    (local $letter i32) (local $at i32)
    (if (i32.eq (i32.load8_u (local.get $op)) (i32.const 119)) ;; wit-wire:settle
      (then
        (call $hostcall (i32.const 35) (i32.const 8) (i32.const 43) (i32.const 4) (i32.const 96))
        (local.set $at (i32.const 5000000))
        (loop $page
          (i32.store (local.get $at) (local.get $at))
          (local.set $at (i32.add (local.get $at) (i32.const 4096)))
          (br_if $page (i32.lt_u (local.get $at) (i32.const 9096000))))
        (call $hostcall (i32.const 35) (i32.const 8) (i32.const 43) (i32.const 4) (i32.const 96))
        (i32.store (i32.const 64) (i32.const 1))
        (i32.store (i32.const 68) (i32.const 0))
        (return (i32.const 64))))
    (local.set $letter (i32.load8_u offset=1 (local.get $op)))
    (if (i32.eq (local.get $letter) (i32.const 104)) ;; h
      (then (return (call $told (call $hunt)))))
    (if (i32.eq (i32.load8_u (local.get $json)) (i32.const 49)) ;; 1
      (then (call $leave (global.get $of_call) (i32.const 65540) (i32.const 1003)))
      (else (call $leave (global.get $of_call) (i32.const 65549) (i32.const 400009))))
    (if (i32.eq (local.get $letter) (i32.const 116)) (then unreachable)) ;; t
    (if (i32.eq (local.get $letter) (i32.const 111)) (then (loop $ever (br $ever)))) ;; o
    (if (i32.eq (local.get $letter) (i32.const 98)) ;; b
      (then (loop $ever (drop (memory.grow (i32.const 16))) (br $ever))))
    (if (i32.eq (local.get $letter) (i32.const 109)) ;; m
      (then
        (drop (memory.grow (i32.const 1)))
        (call $leave (global.get $of_call) (i32.const 65540) (i32.const 100003))))
    (if (i32.eq (local.get $letter) (i32.const 119)) ;; w
      (then
        (drop (memory.grow (i32.const 60)))
        (call $leave (global.get $of_call) (i32.const 65540) (i32.const 4001))))
    (if (i32.eq (local.get $letter) (i32.const 100)) (then (drop (call $recurse (i32.const 0))))) ;; d
    (if (i32.eq (local.get $letter) (i32.const 118)) (then (global.set $kept (global.get $of_call)))) ;; v
    (if (i32.eq (local.get $letter) (i32.const 121)) ;; y
      (then
        (call $hostcall (i32.const 21) (i32.const 14) (local.get $json) (local.get $json_len) (i32.const 96))
        (return (call $ok (i32.load (i32.const 100)) (i32.load (i32.const 104))))))
    (if (i32.eq (local.get $letter) (i32.const 110)) ;; n
      (then (call $hostcall (i32.const 16) (i32.const 5) (i32.const 43) (i32.const 4) (i32.const 96))))
    (call $told (i32.const 7)))

  (func (export "cabi_post_metatype:wit-wire/mat-wire#init") (param i32) (global.set $heap (i32.const 1024)))
  (func (export "cabi_post_metatype:wit-wire/mat-wire#handle") (param i32) (global.set $heap (i32.const 1024))))
