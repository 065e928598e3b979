# Time as text and back, and Date: what scripts of HBase's shell reckon timestamps with.
module Shell
  # strftime's words, and text that is in them.
  module Clock
    MONTHS = %w[January February March April May June July August September October November December]
    DAYS = %w[Sunday Monday Tuesday Wednesday Thursday Friday Saturday]
    GROUPS = { 'Y' => '([+-]?\d{4,})', 'y' => '(\d{2})', 'm' => '(\d{1,2})', 'd' => '(\d{1,2})', 'e' => ' ?(\d{1,2})', 'H' => '(\d{1,2})',
               'I' => '(\d{1,2})', 'M' => '(\d{1,2})', 'S' => '(\d{1,2})', 'L' => '(\d{1,9})', 'N' => '(\d{1,9})', 'p' => '([AaPp][Mm])',
               'b' => '([A-Za-z]{3,})', 'B' => '([A-Za-z]{3,})', 'a' => '([A-Za-z]{3,})', 'A' => '([A-Za-z]{3,})',
               'z' => '(Z|UTC|GMT|[+-]\d{2}:?\d{2})', 'Z' => '(Z|UTC|GMT|[+-]\d{2}:?\d{2})', 's' => '(-?\d+)', 'j' => '(\d{1,3})' }
    SHORT = { '%F' => '%Y-%m-%d', '%T' => '%H:%M:%S', '%R' => '%H:%M', '%D' => '%m/%d/%y' }

    # %L and %N are the fraction, which the C library has not.
    def self.words(time, words)
      made = words.gsub(/%(\d?)([LN%])/) do |word|
        next word if word == '%%'
        size = $1.empty? ? ($2 == 'L' ? 3 : 9) : $1.to_i
        format('%09d', time.usec * 1000)[0, size]
      end
      Native.time_words(made, time.to_i, time.utc?)
    end

    # The time that text tells in these words, which it begins with; nil when it is in others.
    def self.parse(text, words)
      SHORT.each { |short, long| words = words.gsub(short, long) }
      names = []
      pattern = words.gsub(/%([A-Za-z%])|([^%]+)/) do
        next Regexp.escape($2) if $2
        next '%' if $1 == '%'
        raise ArgumentError, "this shell cannot read %#{$1}" unless GROUPS.key?($1)
        names << $1
        GROUPS[$1]
      end
      found = Regexp.new("\\A\\s*#{pattern}").match(text)
      found && time_of(names.zip(found.captures).to_h)
    end

    def self.time_of(parts)
      return Time.at(parts['s'].to_i) if parts['s']
      fraction = parts['L'] || parts['N'] || ''
      numbers = [year(parts), month(parts), (parts['d'] || parts['e'] || 1).to_i, hour(parts), parts['M'].to_i, parts['S'].to_i,
                 (fraction + '000000')[0, 6].to_i]
      zone = parts['z'] || parts['Z']
      return Time.local(*numbers) unless zone
      Time.utc(*numbers) - offset(zone)
    end

    def self.year(parts)
      return parts['Y'].to_i if parts['Y']
      short = parts['y']
      short ? short.to_i + (short.to_i < 69 ? 2000 : 1900) : Time.now.year
    end

    def self.month(parts)
      name = parts['b'] || parts['B']
      return (parts['m'] || 1).to_i unless name
      at = MONTHS.index { |month| month.downcase.start_with?(name.downcase) }
      raise ArgumentError, "no month #{name}" unless at
      at + 1
    end

    def self.hour(parts)
      return parts['H'].to_i unless parts['I']
      parts['I'].to_i % 12 + (parts['p'].to_s.downcase == 'pm' ? 12 : 0)
    end

    # Seconds east of Greenwich.
    def self.offset(zone)
      return 0 unless zone.start_with?('+', '-')
      digits = zone.delete(':')
      seconds = digits[1, 2].to_i * 3600 + digits[3, 2].to_i * 60
      zone.start_with?('-') ? -seconds : seconds
    end
  end
end

class Time
  FORMS = ['%Y-%m-%dT%H:%M:%S.%L%z', '%Y-%m-%dT%H:%M:%S%z', '%Y-%m-%dT%H:%M:%S.%L', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%dT%H:%M',
           '%Y-%m-%d %H:%M:%S.%L %z', '%Y-%m-%d %H:%M:%S %z', '%Y-%m-%d %H:%M:%S.%L', '%Y-%m-%d %H:%M:%S', '%Y-%m-%d %H:%M', '%Y-%m-%d',
           '%Y/%m/%d %H:%M:%S', '%Y/%m/%d %H:%M', '%Y/%m/%d', '%Y%m%dT%H%M%S', '%a %b %e %H:%M:%S %Z %Y', '%a, %d %b %Y %H:%M:%S %z']

  def self.parse(text)
    FORMS.each do |form|
      time = Shell::Clock.parse(text, form)
      return time if time
    end
    found = /\A(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?\z/.match(text)
    raise ArgumentError, "no time information in #{text.inspect}" unless found
    local(*found.captures.map(&:to_i))
  end

  def self.iso8601(text)
    parse(text)
  end

  def self.strptime(text, words)
    Shell::Clock.parse(text, words) || raise(ArgumentError, "invalid date or strptime format - '#{text}' '#{words}'")
  end

  def strftime(words)
    Shell::Clock.words(self, words)
  end

  def nsec
    usec * 1000
  end

  def utc_offset
    utc? ? 0 : Shell::Clock.offset(strftime('%z'))
  end
  alias gmt_offset utc_offset

  def iso8601(digits = 0)
    fraction = digits > 0 ? strftime(".%#{digits}N") : ''
    zone = utc? ? 'Z' : strftime('%z').insert(3, ':')
    strftime('%Y-%m-%dT%H:%M:%S') + fraction + zone
  end
  alias xmlschema iso8601

  def to_time
    self
  end

  def to_date
    Shell::Date.new(year, month, day)
  end
end

module Shell
  # Ruby's Date, once it is required: a day, kept as that of UTC.
  class Date
    include Comparable
    DAY_S = 86_400

    attr_reader :time

    def self.today
      Time.now.to_date
    end

    def self.parse(text)
      Time.parse(text).to_date
    end

    def self.strptime(text, words = '%F')
      Time.strptime(text, words).to_date
    end

    def initialize(year = -4712, month = 1, day = 1)
      @time = Time.utc(year, month, day)
      raise ArgumentError, 'invalid date' unless [@time.month, @time.day] == [month, day]
    end

    def +(other)
      self.class.of(@time + other * DAY_S)
    end

    def -(other)
      other.is_a?(Date) ? ((@time - other.time) / DAY_S).round : self + -other
    end

    def self.of(time)
      new(time.year, time.month, time.day)
    end

    # The last day of that month when it has fewer.
    def >>(other)
      month = year * 12 + self.month - 1 + other
      first = Date.new(month.div(12), month % 12 + 1)
      after = Time.utc((month + 1).div(12), (month + 1) % 12 + 1, 1)
      last = (after - DAY_S).day
      Date.new(first.year, first.month, day < last ? day : last)
    end

    def <<(other)
      self >> -other
    end

    def <=>(other)
      other.is_a?(Date) ? @time <=> other.time : nil
    end

    def succ
      self + 1
    end
    alias next succ

    def prev_day(days = 1)
      self - days
    end

    def next_day(days = 1)
      self + days
    end

    %i[year month mon day mday wday yday].each { |name| define_method(name) { @time.__send__(name) } }

    def hash
      @time.to_i
    end

    def eql?(other)
      self == other
    end

    def strftime(words = '%F')
      @time.strftime(words)
    end

    def to_time
      Time.local(year, month, day)
    end

    def to_date
      self
    end

    def to_s
      strftime
    end
    alias iso8601 to_s

    def inspect
      "#<Date: #{self}>"
    end
  end
end
