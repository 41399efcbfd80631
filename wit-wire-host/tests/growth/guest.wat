;; A guest whose calls grow its memory. The first character of an op's name is how often `init` grows the memory by seven pages,
;; all of which it fills; the second says what a call does with its input, a number:
;;   s  answers with the size of the memory, in pages
;;   g  grows by so many pages, fills them, and answers with the size before
;;   h  grows by so many pages, and answers with the bytes in them that are not zero
;;   b  answers with the bytes that are not zero in so many pages beyond the size
;;   w  writes to so many pages beyond the size
;;   m  grows and writes at random, and answers with a digest of what grew and of all memory
(module
  (import "metatype:wit-wire/typegate-wire" "hostcall"
    (func $hostcall (param i32 i32 i32 i32 i32)))
  (memory (export "memory") 4)
  (global $heap (mut i32) (i32.const 1024))

  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get 3)))
    (local.get $at))

  (func $end (result i32) (i32.mul (memory.size) (i32.const 65536)))

  (func $bytes (param $pages i32) (result i32) (i32.mul (local.get $pages) (i32.const 65536)))

  (func $fill (param $pages i32) (result i32)
    (local $before i32)
    (local.set $before (memory.grow (local.get $pages)))
    (if (i32.ne (local.get $before) (i32.const -1))
      (then (memory.fill (call $bytes (local.get $before)) (i32.const 0xa5) (call $bytes (local.get $pages)))))
    (local.get $before))

  (func $count (param $at i32) (param $bytes i32) (result i32)
    (local $found i32) (local $end i32)
    (local.set $end (i32.add (local.get $at) (local.get $bytes)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $found (i32.add (local.get $found) (i32.ne (i32.load8_u (local.get $at)) (i32.const 0))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (local.get $found))

  (func $mix (param $random i32) (result i32)
    (local $left i32) (local $digest i64) (local $at i32)
    (local.set $left (i32.const 24))
    (loop $next
      (local.set $random (i32.add (i32.mul (local.get $random) (i32.const 1103515245)) (i32.const 12345)))
      (if (i32.and (local.get $random) (i32.const 0x70000))
        (then
          (local.set $at (i32.rem_u (local.get $random) (i32.sub (call $end) (i32.const 65544))))
          (i32.store (i32.add (local.get $at) (i32.const 65536)) (local.get $random)))
        (else
          (local.set $digest (i64.add (i64.mul (local.get $digest) (i64.const 31))
            (i64.extend_i32_u (memory.grow (i32.rem_u (i32.shr_u (local.get $random) (i32.const 20)) (i32.const 40))))))))
      (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (local.set $at (i32.const 65536))
    (loop $next
      (local.set $digest
        (i64.mul (i64.xor (local.get $digest) (i64.load (local.get $at))) (i64.const 0x9e3779b97f4a7c15)))
      (local.set $digest (i64.rotl (local.get $digest) (i64.const 23)))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $at) (call $end))))
    (i32.wrap_i64 (i64.shr_u (local.get $digest) (i64.const 33))))

  (func $number (param $at i32) (param $len i32) (result i32)
    (local $number i32)
    (loop $digit
      (local.set $number (i32.add (i32.mul (local.get $number) (i32.const 10))
        (i32.sub (i32.load8_u (local.get $at)) (i32.const 48))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $digit (local.tee $len (i32.sub (local.get $len) (i32.const 1)))))
    (local.get $number))

  (func $told (param $number i32) (result i32)
    (local $at i32)
    (local.set $at (i32.const 512))
    (loop $digit
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.rem_u (local.get $number) (i32.const 10))))
      (br_if $digit (local.tee $number (i32.div_u (local.get $number) (i32.const 10)))))
    (i32.store (i32.const 64) (i32.const 0))
    (i32.store (i32.const 68) (local.get $at))
    (i32.store (i32.const 72) (i32.sub (i32.const 512) (local.get $at)))
    (i32.const 64))

  (func (export "metatype:wit-wire/mat-wire#init")
    (param $ops i32) (param $ops_len i32) (param $version i32) (param $version_len i32) (result i32)
    (drop (call $fill (i32.mul (i32.const 7) (i32.sub (i32.load8_u (i32.load (local.get $ops))) (i32.const 48)))))
    (i32.store (i32.const 64) (i32.const 0))
    (i32.store (i32.const 68) (i32.const 1))
    (i32.const 64))

  (func (export "metatype:wit-wire/mat-wire#handle")
    (param $op i32) (param $op_len i32) (param $json i32) (param $json_len i32) (result i32)
    (local $does i32) (local $number i32) (local $at i32)
    (local.set $does (i32.load8_u offset=1 (local.get $op)))
    (if (i32.eq (local.get $does) (i32.const 105)) ;; wit-wire:settle
      (then
        (i32.store (i32.const 64) (i32.const 1))
        (i32.store (i32.const 68) (i32.const 0))
        (return (i32.const 64))))
    (local.set $number (call $number (local.get $json) (local.get $json_len)))
    (if (i32.eq (local.get $does) (i32.const 115)) (then (return (call $told (memory.size)))))
    (if (i32.eq (local.get $does) (i32.const 103)) (then (return (call $told (call $fill (local.get $number))))))
    (if (i32.eq (local.get $does) (i32.const 104))
      (then
        (local.set $at (memory.grow (local.get $number)))
        (return (call $told (call $count (call $bytes (local.get $at)) (call $bytes (local.get $number)))))))
    (if (i32.eq (local.get $does) (i32.const 98))
      (then (return (call $told (call $count (call $end) (call $bytes (local.get $number)))))))
    (if (i32.eq (local.get $does) (i32.const 119))
      (then (memory.fill (call $end) (i32.const 0x5a) (call $bytes (local.get $number)))))
    (if (i32.eq (local.get $does) (i32.const 109)) (then (return (call $told (call $mix (local.get $number))))))
    (call $told (local.get $number)))

  (func (export "cabi_post_metatype:wit-wire/mat-wire#init") (param i32) (global.set $heap (i32.const 1024)))
  (func (export "cabi_post_metatype:wit-wire/mat-wire#handle") (param i32) (global.set $heap (i32.const 1024))))
