# A script and what is around it: its arguments, the environment, files, other scripts, other programs.
ENV = Shell::Native.environment
$0, ARGV = Shell::Native.script
$PROGRAM_NAME = $0
$* = ARGV

# What is said to $stdout comes where it is said, between what commands say.
class << $stdout
  def write(*texts)
    texts.each { |text| Shell::Native.say(text.to_s) }
    texts.inject(0) { |size, text| size + text.to_s.bytesize }
  end

  def flush
    self
  end
end

class IO
  def self.readlines(path, *)
    File.open(path) { |file| file.readlines }
  end
end

class File
  def self.write(path, text)
    open(path, 'w') { |file| file.write(text.to_s) }
  end

  def self.binread(path)
    read(path)
  end

  class << self
    alias open_unclosed open

    # Its value is the block's.
    def open(*args)
      file = open_unclosed(*args)
      return file unless block_given?
      begin
        yield file
      ensure
        file.close unless file.closed?
      end
    end
  end
end

module Process
  CLOCK_REALTIME = 0
  CLOCK_MONOTONIC = 1

  def self.pid
    Shell::Native.process_id
  end

  # Seconds.
  def self.clock_gettime(clock)
    clock == CLOCK_MONOTONIC ? Shell::Native.now : Shell::Native.wall_ms / 1000.0
  end
end
$$ = Process.pid

module Digest
  class MD5
    def self.hexdigest(text)
      Shell::Native.md5(text.to_s)
    end

    def self.digest(text)
      [hexdigest(text)].pack('H*')
    end
  end
end

module SecureRandom
  def self.random_bytes(size = 16)
    File.open('/dev/urandom') { |file| file.sysread(size) }
  end

  def self.hex(size = 16)
    random_bytes(size).unpack('H*')[0]
  end

  def self.uuid
    bytes = random_bytes.bytes
    bytes[6] = bytes[6] & 0x0F | 0x40
    bytes[8] = bytes[8] & 0x3F | 0x80
    hex = bytes.pack('C*').unpack('H*')[0]
    [hex[0, 8], hex[8, 4], hex[12, 4], hex[16, 4], hex[20, 12]].join('-')
  end
end

module Shell
  # What require finds without a file: it is there from the start, or is made now.
  LIBRARIES = { 'date' => -> { Object.const_set(:Date, Date) } }
  %w[digest digest/md5 java pp rubygems securerandom shell time].each { |name| LIBRARIES[name] = nil }
  LOADED = {}

  def self.require(name)
    return false if LOADED[name]
    unless LIBRARIES.key?(name)
      path = [name, "#{name}.rb"].find { |one| File.file?(one) }
      raise LoadError, "cannot load such file -- #{name} (of Ruby's libraries this shell has #{LIBRARIES.keys.sort.join(', ')})" unless path
      LOADED[name] = true
      return load_file(path)
    end
    LOADED[name] = true
    LIBRARIES[name].call if LIBRARIES[name]
    true
  end

  def self.load_file(path)
    raise LoadError, "cannot load such file -- #{path}" unless File.file?(path)
    Native.load(path, File.read(path))
  end

  # What conf.echo=false turns off: the value of each statement.
  class Settings
    attr_accessor :echo

    def initialize
      @echo = true
    end

    def echo?
      echo
    end
  end
  SETTINGS = Settings.new
end

module Kernel
  def require(name)
    Shell.require(name.to_s)
  end

  def require_relative(name)
    Shell.require(File.expand_path(name.to_s, File.dirname($0)))
  end

  def load(path)
    Shell.load_file(path.to_s)
  end

  def conf
    Shell::SETTINGS
  end

  # True when it ended well.
  def system(*words)
    words = words.map(&:to_s)
    quoted = words.map { |word| "'#{word.split("'", -1).join("'\\''")}'" }
    code = Shell::Native.run(words.size == 1 ? words[0] : quoted.join(' '))
    code && code == 0
  end

  def warn(*texts)
    texts.flatten.each { |text| $stderr.puts(text) }
    nil
  end

  def abort(text = nil)
    warn(text) if text
    exit(1)
  end

  def readlines
    $stdin.readlines
  end
end
